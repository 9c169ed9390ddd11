import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSnapshotStore } from './snapshotStore.js';

type Entry = readonly [Uint8Array, Uint8Array];

/** Of every length from nothing to more than a chunk. */
function entriesOf(count: number, valueBytes: (index: number) => number): Entry[] {
  return Array.from({ length: count }, (_, index): Entry => {
    const key = Uint8Array.of(index >>> 16, (index >>> 8) & 255, index & 255);
    return [key, new Uint8Array(valueBytes(index)).fill(index)];
  });
}

describe('the store of snapshots', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nullspace-snapshots-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reads back what it wrote, the newest first, and keeps two', async () => {
    const store = openSnapshotStore(folder);
    expect(store.newest()).toBe(null);
    const entries = entriesOf(700, (index) => (index === 500 ? 300_000 : (index * 7) % 900));
    for (const height of [2_000, 4_000, 6_000]) await store.write(height, height * 3, entries);
    expect(readdirSync(folder)).toHaveLength(2);
    const read = openSnapshotStore(folder).newest();
    expect(read).toEqual({ height: 6_000, timestampMs: 18_000, entries });
  });

  it('passes over a file that was cut, and removes what was never finished', async () => {
    const store = openSnapshotStore(folder);
    const entries = entriesOf(10, () => 20);
    await store.write(1, 1, entries);
    await store.write(2, 2, entries);
    truncateSync(join(folder, 'snapshot-000000000002.bin'), 100);
    writeFileSync(join(folder, 'snapshot-000000000003.bin.new'), 'half');
    const again = openSnapshotStore(folder);
    expect(again.newest()?.height).toBe(1);
    expect(existsSync(join(folder, 'snapshot-000000000003.bin.new'))).toBe(false);
  });

  it('lets everything else have its turn while it writes', async () => {
    const store = openSnapshotStore(folder);
    let taken = 0;
    let takenInOneTurn = 0;
    function* counted(): Generator<Entry> {
      for (const entry of entriesOf(20_000, () => 100)) {
        taken++;
        yield entry;
      }
    }
    let isDone = false;
    const watch = (): void => {
      takenInOneTurn = Math.max(takenInOneTurn, taken);
      taken = 0;
      if (!isDone) setImmediate(watch);
    };
    watch();
    await store.write(1, 1, counted());
    isDone = true;
    expect(takenInOneTurn).toBeGreaterThan(0);
    expect(takenInOneTurn).toBeLessThan(1_500);
  });

  it('says what the disk says, and keeps what there was', async () => {
    const store = openSnapshotStore(folder);
    await store.write(
      1,
      1,
      entriesOf(3, () => 3),
    );
    rmSync(folder, { recursive: true });
    await expect(store.write(2, 2, [])).rejects.toMatchObject({ name: 'FileError', code: 'io' });
  });
});
