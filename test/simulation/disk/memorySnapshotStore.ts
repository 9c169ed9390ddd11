import type { Snapshot, SnapshotStore } from '../../../infra/files/snapshotStore.js';
import { type DiskWrite, writeAtOnce } from './simulatedDisk.js';

/** The newest snapshots, newest last. */
export interface SnapshotDisk {
  snapshots: Snapshot[];
}

const KEPT = 2;

/**
 * A snapshot store on a simulated disk: a snapshot is there whole, or not at all. Entries are taken
 * when the write ends, as late as any real one would.
 */
export function openMemorySnapshotStore(
  disk: SnapshotDisk,
  write: DiskWrite = writeAtOnce,
): SnapshotStore {
  return {
    newest: () => disk.snapshots.at(-1) ?? null,
    write: (height, timestampMs, entries) =>
      write(1, (count) => {
        if (count === 0) return;
        const copies = Array.from(entries, ([key, value]) => [key.slice(), value.slice()] as const);
        disk.snapshots = [...disk.snapshots, { height, timestampMs, entries: copies }].slice(-KEPT);
      }),
  };
}
