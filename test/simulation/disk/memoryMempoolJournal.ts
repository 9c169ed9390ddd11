import type { MempoolJournal } from '../../../command/ports.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { type DiskWrite, writeAtOnce } from './simulatedDisk.js';

/** What is left of a mempool journal when its process is gone. */
export interface MempoolDisk {
  envelopes: Uint8Array[];
}

export function emptyMempoolDisk(): MempoolDisk {
  return { envelopes: [] };
}

/** Envelopes on a simulated disk. */
export function openMemoryMempoolJournal(
  disk: MempoolDisk,
  write: DiskWrite = writeAtOnce,
): MempoolJournal {
  let isBusy = false;
  const alone = async (count: number, commit: (count: number) => void): Promise<void> => {
    assert(!isBusy, 'one call at a time');
    isBusy = true;
    await write(count, commit);
    isBusy = false;
  };
  return {
    append: (envelopes) =>
      alone(envelopes.length, (count) => {
        disk.envelopes.push(...envelopes.slice(0, count).map((bytes) => bytes.slice()));
      }),
    async *replay() {
      yield* [...disk.envelopes];
    },
    rewrite: (envelopes) =>
      alone(1, (count) => {
        if (count > 0) disk.envelopes = envelopes.map((bytes) => bytes.slice());
      }),
    get sizeBytes() {
      return disk.envelopes.reduce((sum, { length }) => sum + length, 0);
    },
    close: async () => undefined,
  };
}
