import { describe, expect, it } from 'vitest';
import {
  FILE_WRITE_HERE_BYTES_MAX,
  FILE_WRITE_HERE_MS_MAX,
  FILE_WRITES_AWAY,
} from '../../schemas/limits.js';
import { durableWriter } from './durableWriter.js';

/** A disk whose writes take `tookMs` and take at most `pieceMax` bytes at a time. */
function disk(pieceMax = Number.MAX_SAFE_INTEGER) {
  const found: number[] = [];
  const state = { tookMs: 0, here: 0, away: 0, found };
  let nowMs = 0;
  const take = (bytes: Uint8Array): number => {
    const piece = bytes.subarray(0, pieceMax);
    found.push(...piece);
    nowMs += state.tookMs;
    return piece.length;
  };
  const write = durableWriter({
    writeHere: (bytes) => {
      state.here++;
      return take(bytes);
    },
    writeAway: async (bytes) => {
      state.away++;
      return take(bytes);
    },
    nowMs: () => nowMs,
  });
  return { state, write };
}

describe('durable writes', () => {
  it('are made at once while the disk is quick, also in pieces', async () => {
    const { state, write } = disk(2);
    const written = write(Uint8Array.of(1, 2, 3, 4, 5));
    expect(state).toMatchObject({ here: 3, away: 0, found: [1, 2, 3, 4, 5] });
    await written;
  });

  it('go through the pool for a while after a slow one, then one is tried again', async () => {
    const { state, write } = disk();
    state.tookMs = FILE_WRITE_HERE_MS_MAX + 1;
    await write(Uint8Array.of(0));
    expect(state).toMatchObject({ here: 1, away: 0 });
    state.tookMs = 0;
    for (let i = 0; i < FILE_WRITES_AWAY; i++) await write(Uint8Array.of(i));
    expect(state).toMatchObject({ here: 1, away: FILE_WRITES_AWAY });
    await write(Uint8Array.of(1));
    await write(Uint8Array.of(2));
    expect(state).toMatchObject({ here: 3, away: FILE_WRITES_AWAY });
  });

  it('go through the pool when they are large', async () => {
    const { state, write } = disk();
    await write(new Uint8Array(FILE_WRITE_HERE_BYTES_MAX + 1));
    expect(state).toMatchObject({ here: 0, away: 1 });
  });

  it('reject with what the disk says', async () => {
    const full = new Error('ENOSPC');
    const write = durableWriter({
      writeHere: () => {
        throw full;
      },
      writeAway: () => Promise.reject(full),
      nowMs: () => 0,
    });
    await expect(write(Uint8Array.of(1))).rejects.toBe(full);
    await expect(write(new Uint8Array(FILE_WRITE_HERE_BYTES_MAX + 1))).rejects.toBe(full);
  });
});
