import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Log, LogRecord } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { archiveStates } from '../../test/simulation/archiveStates.js';
import type { ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { blockRecord, heightRecords } from '../../test/simulation/chainRecords.js';
import {
  engineBeaconsBut,
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import { createMemoryLog } from '../../test/simulation/memoryLog.js';
import { openFileBlockStore } from '../files/fileBlockStore.js';
import { openSnapshotStore, snapshotPath } from '../files/snapshotStore.js';
import { lockFolder } from '../postgres/folderLock.js';
import { findHeight } from './findHeight.js';
import { type ReplayFolderOptions, replayFolder } from './replayFolder.js';
import { openSnapshotArchive, type SnapshotArchive } from './snapshotArchive.js';
import { validatorPaths } from './validatorFolder.js';

const HEIGHTS = 600;
const chain = engineChain({ heights: HEIGHTS, commands: 1, seed: 34 });
const topics = topicNames(engineKeys.chainId);
const { shards, eventPartitions } = engineGenesis;

const rootOf = (height: number): string =>
  toHex(present(chain[height - 1], 'a height').certified.certificate.result.stateRoot);

async function logOf(records: readonly LogRecord[]): Promise<Log> {
  const log = createMemoryLog().open();
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  const writer = await log.openWriter('publisher');
  for (let at = 0; at < records.length; at += 50) await writer.append(records.slice(at, at + 50));
  await writer.close();
  return log;
}

const recordsOf = (heights: readonly ChainedHeight[]): LogRecord[] =>
  heights.flatMap((height) => heightRecords(height, topics).slice(0, 1));

const junk = (value: Uint8Array): LogRecord => {
  const key = new Uint8Array(4);
  return { topic: topics.blocks, partition: 0, key, value, timestampMs: 0 };
};

let base = '';
let folder = '';
let archive: SnapshotArchive;
let log: Log;
let made = '';
let honestLog: Log;

/** The archive has the states of these heights, and no others. */
function archived(heights: readonly number[]): void {
  rmSync(archive.folder, { recursive: true });
  archive = openSnapshotArchive(join(base, 'archive'), engineKeys.chainId, 0);
  for (const height of heights) {
    const name = `certified-${String(height).padStart(12, '0')}.bin`;
    copyFileSync(join(made, name), join(archive.folder, name));
  }
}

function emptyFolder(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
}

const madeRoot = mkdtempSync(join(tmpdir(), 'nullspace-replay-made-'));
beforeAll(async () => {
  const all = openSnapshotArchive(madeRoot, engineKeys.chainId, 0);
  made = all.folder;
  await archiveStates(all, chain, [90, 200, 400, 480, 500, 550]);
  honestLog = await logOf(recordsOf(chain));
});
afterAll(() => rmSync(madeRoot, { recursive: true, force: true }));

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'nullspace-replay-'));
  folder = join(base, 'validator');
  mkdirSync(folder);
  archive = openSnapshotArchive(join(base, 'archive'), engineKeys.chainId, 0);
  log = honestLog;
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function replay(options: Partial<ReplayFolderOptions> = {}) {
  return replayFolder({
    ...{ genesis: engineGenesis, keys: engineKeys, verifiers: engineVerifiers },
    ...{ reader: log.reader, folder, archive, snapshotEveryHeights: 200 },
    onPassedOver: () => undefined,
    onProgress: () => undefined,
    ...options,
  });
}

/** What a validator would find in the folder. */
async function held() {
  const { blocks, snapshots } = validatorPaths(folder);
  const store = await openFileBlockStore(blocks);
  const last = await store.certifiedBlocks(store.certifiedHeight(), 1, 1_000_000);
  const range = [store.firstHeight(), store.certifiedHeight()];
  await store.close();
  const snapshot = openSnapshotStore(snapshots).newest()?.height;
  return { range, last: last[0]?.block.header.height, snapshot };
}

describe('a replay', () => {
  it('makes a folder from genesis, and keeps its states in the archive', async () => {
    const report = await replay();
    expect(report).toMatchObject({ fromHeight: 0, height: HEIGHTS, stateRoot: rootOf(HEIGHTS) });
    expect(report.commands).toBeGreaterThan(HEIGHTS);
    expect(await held()).toEqual({ range: [1, HEIGHTS], last: HEIGHTS, snapshot: HEIGHTS });
    expect(archive.heights()).toEqual([200, 400, 600]);
  });

  it('begins at the newest archived state, and reads only what lies behind it', async () => {
    archived([90, 550]);
    let share = 0;
    let offsets = 0n;
    const { reader } = log;
    const watched = {
      ...reader,
      subscribe(options: Parameters<typeof reader.subscribe>[0]) {
        offsets = present(options.partitions[0], 'a partition').fromOffset;
        return reader.subscribe(options);
      },
    };
    const report = await replay({
      reader: watched,
      onProgress: (progress) => (share = progress.share),
    });
    expect(report).toMatchObject({ fromHeight: 550, height: HEIGHTS, stateRoot: rootOf(HEIGHTS) });
    expect(await held()).toEqual({ range: [550, HEIGHTS], last: HEIGHTS, snapshot: HEIGHTS });
    expect(share).toBe(1);
    expect(Number(offsets)).toBeGreaterThan(150);
  });

  it('goes on where it was broken off, without an archive too', async () => {
    const stopping = new Error('stopped here');
    const broken = replay({
      archive: null,
      onProgress: () => {
        throw stopping;
      },
      reader: (await logOf(recordsOf(chain.slice(0, 450)))).reader,
    });
    await expect(broken).rejects.toBe(stopping);
    expect((await held()).snapshot).toBe(400);
    const report = await replay({ archive: null });
    expect(report).toMatchObject({ fromHeight: 400, height: HEIGHTS, stateRoot: rootOf(HEIGHTS) });
    expect((await held()).range).toEqual([1, HEIGHTS]);
    expect(await replay()).toMatchObject({ fromHeight: HEIGHTS, height: HEIGHTS, commands: 0 });
  });

  it('begins anew where blocks are left that no state leads to', async () => {
    archived([500]);
    await replay();
    for (const height of [500, 600]) {
      const path = snapshotPath(validatorPaths(folder).snapshots, height);
      truncateSync(path, 40);
    }
    await expect(replay({ archive: null })).rejects.toMatchObject({ code: 'corrupt' });
    expect(await replay()).toMatchObject({ fromHeight: HEIGHTS, stateRoot: rootOf(HEIGHTS) });
    expect((await held()).range).toEqual([HEIGHTS, HEIGHTS]);
  });

  it('is not misled by junk and lies about heights', async () => {
    const lies = chain
      .slice(0, 40)
      .map((height) => junk(blockRecord({ ...height, certified: chain[4]!.certified })));
    const high = chain.slice(570).map((height) => {
      const certificate = { ...height.certified.certificate, signatures: [] };
      return junk(blockRecord({ ...height, certified: { ...height.certified, certificate } }));
    });
    const noise = Array.from({ length: 200 }, () => junk(new Uint8Array(5)));
    const honest = recordsOf(chain);
    for (const [before, after] of [
      [lies, []],
      [high, lies],
      [noise, noise],
      [[], [...noise, ...high]],
    ] as const) {
      emptyFolder();
      archived([200]);
      log = await logOf([...honest.slice(0, 150), ...before, ...honest.slice(150), ...after]);
      expect(await replay()).toMatchObject({ fromHeight: 200, stateRoot: rootOf(HEIGHTS) });
    }
  });

  it('reads all when the place that was looked up lies too far behind', async () => {
    const again = (first: number, last: number) => recordsOf(chain.slice(first - 1, last));
    for (const [records, from] of [
      // Old heights again at the end: whoever halves believes that all the others lie before them.
      [[...again(1, 600), ...again(1, 399), ...again(1, 399), ...again(500, 600)], 400],
      [[...again(1, 600), ...again(1, 500), ...again(1, 500)], 480],
    ] as const) {
      emptyFolder();
      archived([from]);
      log = await logOf(records);
      const place = await findHeight(log.reader, topics.blocks, 0, from);
      expect(Number(place.offset)).toBeGreaterThan(from);
      expect(await replay()).toMatchObject({ fromHeight: from, height: HEIGHTS });
    }
  });

  it('says what is missing, and what does not follow', async () => {
    const without = [...chain.slice(0, 120), ...chain.slice(125)];
    log = await logOf(recordsOf(without));
    await expect(replay()).rejects.toMatchObject({
      code: 'hole',
      message: 'height 126 is in the log, and height 121 is not',
    });
    const other = engineChain({ heights: 12, commands: 2, seed: 35 });
    log = await logOf(recordsOf([...chain.slice(0, 10), ...other.slice(10)]));
    emptyFolder();
    await expect(replay({ archive: null })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('executes no batch with a certified beacon that its group did not sign', async () => {
    const beacon = { ...engineVerifiers.beacon, ...engineBeaconsBut(7) };
    await expect(replay({ verifiers: { ...engineVerifiers, beacon } })).rejects.toMatchObject({
      code: 'conflict',
      message: "the certified beacon of 7 is not its group's",
    });
    expect(archive.heights()).toEqual([]);
  });

  it('leaves a folder alone that is in use', async () => {
    const lock = lockFolder(join(folder, 'validator.lock'), () => new Error('never'));
    await expect(replay()).rejects.toMatchObject({ name: 'FileError', code: 'in-use' });
    lock.release();
  });

  it('makes nothing of an empty log', async () => {
    log = await logOf([]);
    expect(await replay()).toMatchObject({ fromHeight: 0, height: 0, commands: 0 });
  });
});
