import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { blockDigest } from '../../schemas/crypto/digests.js';
import { EXECUTED_HEIGHTS_PER_FILE } from '../../schemas/limits.js';
import { engineChain } from '../../test/simulation/engineChain.js';
import { openExecutedStore } from './executedStore.js';
import { openFileBlockStore } from './fileBlockStore.js';
import { openFileJournal } from './fileJournal.js';
import { openMempoolJournal } from './mempoolJournal.js';
import { openSnapshotStore } from './snapshotStore.js';

const base = mkdtempSync(join(tmpdir(), 'nullspace-stores-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folder = base;
beforeEach(() => {
  folder = mkdtempSync(join(base, 'case-'));
});

const bytes = (fill: number, length = 20): Uint8Array => new Uint8Array(length).fill(fill);

async function all(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const each of source) found.push(each);
  return found;
}

/** Cuts the newest file of the folder short, as a crash does. */
function tear(byBytes: number): void {
  const path = join(folder, readdirSync(folder).sort().at(-1) as string);
  truncateSync(path, readFileSync(path).length - byBytes);
}

describe('the vote journal', () => {
  const own = bytes(7);

  it('is created once, and replays everything in order', async () => {
    const first = await openFileJournal(folder, own);
    expect(first.created).toBe(true);
    await first.append([
      { view: 1, bytes: bytes(1) },
      { view: 2, bytes: bytes(2) },
    ]);
    await first.append([]);
    await first.close();
    const second = await openFileJournal(folder, own);
    expect(second.created).toBe(false);
    expect(await all(second.replay())).toEqual([bytes(1), bytes(2)]);
    await second.close();
  });

  it('refuses to be that of another chain or key', async () => {
    await (await openFileJournal(folder, own)).close();
    const foreign = { code: 'foreign', retriable: false };
    await expect(openFileJournal(folder, bytes(8))).rejects.toMatchObject(foreign);
  });

  it('loses a torn entry alone, and refuses one that was damaged', async () => {
    const journal = await openFileJournal(folder, own);
    for (let view = 1; view <= 3; view++) await journal.append([{ view, bytes: bytes(view) }]);
    await journal.close();
    tear(5);
    const torn = await openFileJournal(folder, own);
    expect(await all(torn.replay())).toEqual([bytes(1), bytes(2)]);
    await torn.close();
    const path = join(folder, readdirSync(folder)[0] as string);
    const damaged = readFileSync(path);
    damaged[45] = (damaged[45] as number) ^ 1;
    writeFileSync(path, damaged);
    const corrupt = { code: 'corrupt', retriable: false };
    await expect(openFileJournal(folder, own)).rejects.toMatchObject(corrupt);
  });

  it('removes segments that are wholly below the floor, and no others', async () => {
    const journal = await openFileJournal(folder, own, 200);
    for (let view = 1; view <= 20; view++) await journal.append([{ view, bytes: bytes(view) }]);
    const before = readdirSync(folder).length;
    await journal.prune(12);
    expect(readdirSync(folder).length).toBeLessThan(before);
    await journal.close();
    const again = await openFileJournal(folder, own, 200);
    const views = (await all(again.replay())).map((entry) => entry[0] as number);
    expect(views.filter((view) => view >= 12)).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20]);
    await again.prune(1_000);
    expect(readdirSync(folder).length).toBe(1);
    await again.close();
  });
});

describe('the mempool journal', () => {
  it('replays what was appended and what was kept by a rewrite', async () => {
    const journal = await openMempoolJournal(folder);
    await journal.append([bytes(1), bytes(2), bytes(3)]);
    const before = journal.sizeBytes;
    await Promise.all([journal.rewrite([bytes(3)]), journal.append([bytes(4)])]);
    expect(journal.sizeBytes).toBeLessThan(before);
    await journal.close();
    const again = await openMempoolJournal(folder);
    expect(await all(again.replay())).toEqual([bytes(3), bytes(4)]);
    await again.rewrite([]);
    expect(await all(again.replay())).toEqual([]);
    await again.close();
  });

  it('forgets a rewrite that a crash interrupted, and loses a torn envelope alone', async () => {
    const journal = await openMempoolJournal(folder);
    await journal.append([bytes(1)]);
    await journal.append([bytes(2)]);
    await journal.close();
    tear(1);
    writeFileSync(join(folder, 'mempool.log.new'), bytes(9));
    const again = await openMempoolJournal(folder);
    expect(await all(again.replay())).toEqual([bytes(1)]);
    expect(readdirSync(folder)).toEqual(['mempool.log']);
    await again.close();
  });
});

describe('the block store', () => {
  const chain = engineChain({ heights: 8, commands: 2, seed: 3 }).map(({ certified }) => certified);
  const small = { segmentBytes: 3_000, pendingBytes: 2_000 };

  it('gives back certified heights over segments, and cuts a torn one', async () => {
    const store = await openFileBlockStore(folder, small);
    for (const certified of chain) await store.appendCertified([certified]);
    expect(readdirSync(folder).length).toBeGreaterThan(2);
    await store.close();
    const again = await openFileBlockStore(folder, small);
    expect(again.certifiedHeight()).toBe(8);
    expect(await again.certifiedBlocks(3, 3, 1 << 20)).toEqual(chain.slice(2, 5));
    expect((await again.certifiedBlocks(1, 8, 1)).length).toBe(1);
    expect(await again.certifiedBlocks(9, 1, 1 << 20)).toEqual([]);
    await again.close();
    const newest = readdirSync(folder)
      .filter((name) => name.startsWith('certified'))
      .sort()
      .at(-1) as string;
    truncateSync(join(folder, newest), readFileSync(join(folder, newest)).length - 1);
    const torn = await openFileBlockStore(folder, small);
    expect(torn.certifiedHeight()).toBe(7);
    await torn.appendCertified([chain[7] as (typeof chain)[number]]);
    expect(await torn.certifiedBlocks(8, 1, 1 << 20)).toEqual(chain.slice(7));
    await torn.close();
  });

  it('keeps pending blocks above the certified height over openings and rewrites', async () => {
    const pendingOf = async (): Promise<number[]> => {
      const opened = await openFileBlockStore(folder, small);
      const heights = [...opened.pending()].map(({ header }) => header.height);
      await opened.close();
      return heights.sort((a, b) => a - b);
    };
    const store = await openFileBlockStore(folder, small);
    for (const { block } of chain) await store.putPending(blockDigest(block.header), block);
    await store.close();
    expect(await pendingOf()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    // What an earlier process held pending outlives a rewrite by this one.
    const second = await openFileBlockStore(folder, small);
    for (const certified of chain.slice(0, 5)) await second.appendCertified([certified]);
    await second.close();
    expect(await pendingOf()).toEqual([6, 7, 8]);
  });
});

describe('the store of executed heights', () => {
  it('begins where it is told, appends without gaps, and takes a repeat for done', () => {
    const store = openExecutedStore(folder, 5);
    expect([store.first(), store.last()]).toEqual([5, 4]);
    store.append(5, bytes(5));
    store.append(6, bytes(6));
    store.append(5, bytes(9));
    expect(() => store.append(8, bytes(8))).toThrow('behind');
    expect([store.read(4), store.read(5), store.read(7)]).toEqual([null, bytes(5), null]);
    store.sync();
    store.close();
  });

  it('keeps the whole records of a file cut at any byte', () => {
    const store = openExecutedStore(folder, 1);
    for (let height = 1; height <= 3; height++) store.append(height, bytes(height, 4 * height));
    store.close();
    const path = join(folder, readdirSync(folder)[0] as string);
    const whole = readFileSync(path);
    const ends = [12, 28, 48];
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const cut = openExecutedStore(folder, 1);
      expect(cut.last(), `cut at ${size}`).toBe(ends.filter((end) => end <= size).length);
      cut.close();
    }
  });

  it('does not give back a record that was damaged', () => {
    const store = openExecutedStore(folder, 1);
    for (let height = 1; height <= 3; height++) store.append(height, bytes(height));
    store.close();
    const path = join(folder, readdirSync(folder)[0] as string);
    const damaged = readFileSync(path);
    damaged[10] = 0xff;
    writeFileSync(path, damaged);
    const again = openExecutedStore(folder, 1);
    expect(() => again.read(1)).toThrow(
      expect.objectContaining({ code: 'corrupt', retriable: false }),
    );
    expect(again.read(2)).toEqual(bytes(2));
    again.close();
  });

  it('prunes whole files, and drops those behind a hole', () => {
    const store = openExecutedStore(folder, 1);
    const heights = 2 * EXECUTED_HEIGHTS_PER_FILE + 10;
    for (let height = 1; height <= heights; height++) store.append(height, bytes(1, 1));
    expect(readdirSync(folder).length).toBe(3);
    store.prune(EXECUTED_HEIGHTS_PER_FILE + 5);
    expect(store.first()).toBe(EXECUTED_HEIGHTS_PER_FILE + 1);
    expect(store.read(EXECUTED_HEIGHTS_PER_FILE)).toBeNull();
    store.close();
    const files = readdirSync(folder).sort();
    truncateSync(join(folder, files[0] as string), 100);
    const again = openExecutedStore(folder, 1);
    expect(readdirSync(folder).length).toBe(1);
    expect(again.last()).toBeLessThan(2 * EXECUTED_HEIGHTS_PER_FILE);
    again.close();
  });
});

describe('the snapshot store', () => {
  const entries = (fill: number) => [
    [bytes(fill, 3), bytes(fill, 5)] as const,
    [bytes(fill + 1, 3), new Uint8Array(0)] as const,
  ];

  it('gives back the newest, and keeps two', async () => {
    const store = openSnapshotStore(folder);
    expect(store.newest()).toBeNull();
    for (let height = 1; height <= 4; height++) {
      await store.write(height, 10 * height, entries(height));
    }
    expect(store.newest()).toEqual({ height: 4, timestampMs: 40, entries: entries(4) });
    expect(readdirSync(folder).length).toBe(2);
  });

  it('passes over a newest one that is cut at any byte, or damaged at any', async () => {
    const store = openSnapshotStore(folder);
    await store.write(1, 10, entries(1));
    await store.write(2, 20, entries(2));
    const path = join(folder, readdirSync(folder).sort().at(-1) as string);
    const whole = readFileSync(path);
    for (let size = 0; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      expect(openSnapshotStore(folder).newest()?.height, `cut at ${size}`).toBe(1);
      const damaged = Buffer.from(whole);
      damaged[size] = (damaged[size] as number) ^ 0x40;
      writeFileSync(path, damaged);
      expect(openSnapshotStore(folder).newest()?.height, `damaged at ${size}`).toBe(1);
    }
    writeFileSync(path, whole);
    expect(openSnapshotStore(folder).newest()?.height).toBe(2);
  });
});
