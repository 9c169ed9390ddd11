import type { ExecutedStore } from '../../../infra/files/executedStore.js';
import { assert } from '../../../schemas/kernel/assert.js';
import type { Prng } from '../prng.js';
import { type DiskWrite, writeAtOnce } from './simulatedDisk.js';

/** What the engine made of each height, and how much of it a crash cannot take away. */
export interface ExecutedDisk {
  /** Height of the first record. */
  first: number;
  records: Uint8Array[];
  syncedCount: number;
}

export function emptyExecutedDisk(): ExecutedDisk {
  return { first: 1, records: [], syncedCount: 0 };
}

/** Loses some of what was not synced. */
export function crashExecutedDisk(disk: ExecutedDisk, prng: Prng): void {
  disk.records.length = disk.syncedCount + prng.below(disk.records.length - disk.syncedCount + 1);
}

/** An executed store on a simulated disk: written at once, durable after `sync` or `flush`. */
export function openMemoryExecutedStore(
  disk: ExecutedDisk,
  startHeight: number,
  write: DiskWrite = writeAtOnce,
): ExecutedStore {
  if (disk.records.length === 0) disk.first = startHeight;
  disk.syncedCount = disk.records.length;
  const last = (): number => disk.first + disk.records.length - 1;
  return {
    first: () => disk.first,
    last,
    append(height, bytes) {
      if (height <= last()) return;
      assert(height === last() + 1, `height ${height} behind ${last()}`);
      disk.records.push(bytes.slice());
    },
    read: (height) => disk.records[height - disk.first] ?? null,
    sync() {
      disk.syncedCount = disk.records.length;
    },
    flush() {
      const height = last();
      return write(1, (count) => {
        const durable = height - disk.first + 1;
        if (count > 0) disk.syncedCount = Math.max(disk.syncedCount, durable);
      });
    },
    prune(belowHeight) {
      const count = Math.max(0, Math.min(belowHeight - disk.first, disk.records.length - 1));
      disk.records.splice(0, count);
      disk.first += count;
      disk.syncedCount = Math.max(0, disk.syncedCount - count);
    },
    close: () => undefined,
  };
}
