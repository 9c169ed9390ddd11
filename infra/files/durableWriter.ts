import { constants, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import {
  FILE_WRITE_HERE_BYTES_MAX,
  FILE_WRITE_HERE_MS_MAX,
  FILE_WRITES_AWAY,
} from '../../schemas/limits.js';

/** A file whose writes are on disk when they return; each may write less than it was given. */
export interface DurableTarget {
  /** On the calling thread, which waits. Null where the system has no such write. */
  readonly writeHere: ((bytes: Uint8Array) => number) | null;
  /** On a thread of the pool. */
  writeAway(bytes: Uint8Array): Promise<number>;
  nowMs(): number;
}

/**
 * Of a file opened with O_DSYNC: one call instead of a write and fdatasync. Where a system lacks
 * that flag, the pool does both.
 */
export function fileTarget(handle: FileHandle): DurableTarget {
  const isSynced = constants.O_DSYNC !== undefined;
  return {
    writeHere: isSynced ? (bytes) => writeSync(handle.fd, bytes) : null,
    async writeAway(bytes) {
      const { bytesWritten } = await handle.write(bytes);
      if (!isSynced) await handle.datasync();
      return bytesWritten;
    },
    nowMs: () => performance.now(),
  };
}

/**
 * Resolves when all bytes are on disk. While the disk answers within FILE_WRITE_HERE_MS_MAX, the
 * calling thread writes and waits: a vote leaves after one system call. Through the thread pool it
 * waits twice to be run, which on a machine with more to do than cores takes longer than votes do
 * (10 to 20 ms were seen for writes of 5 us). A slow disk, or much at a time, is the pool's: then
 * other work goes on meanwhile.
 */
export function durableWriter(target: DurableTarget): (bytes: Uint8Array) => Promise<void> {
  let awayLeft = 0;
  const writeHere = (bytes: Uint8Array, write: (bytes: Uint8Array) => number): number => {
    const startMs = target.nowMs();
    const written = write(bytes);
    if (target.nowMs() - startMs > FILE_WRITE_HERE_MS_MAX) awayLeft = FILE_WRITES_AWAY;
    return written;
  };
  const writeSome = (bytes: Uint8Array): number | Promise<number> => {
    const isHere = awayLeft === 0 && bytes.length <= FILE_WRITE_HERE_BYTES_MAX;
    if (isHere && target.writeHere !== null) return writeHere(bytes, target.writeHere);
    awayLeft = Math.max(0, awayLeft - 1);
    return target.writeAway(bytes);
  };
  return async (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const written = writeSome(bytes.subarray(at));
      at += typeof written === 'number' ? written : await written;
    }
  };
}
