import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROJECTION_VERSION, VIEW_SCHEMA } from '../../projections/readModels.js';
import { RowBatch } from '../../projections/runner/rowBatch.js';
import { present } from '../../schemas/kernel/assert.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { dropGeneration, pruneGenerations } from './generationSwap.js';
import { listGenerations } from './generations.js';
import { projectionContent } from './projectionSql.js';
import type { OpenProjectionStore } from './projectionStore.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const tables = tablesServer('generations');
const opened: OpenProjectionStore[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

it('have the version that stands for their content', () => {
  // Tables or folds changed? Raise PROJECTION_VERSION if one with this content was released, then
  // write down the new content. Programs of one version whose contents differ replace each other's
  // tables only when an operator asks for it.
  expect({ [PROJECTION_VERSION]: projectionContent() }).toEqual({ 4: 'e402d13747e6' });
});

it('have the version that stands for the code of the folds', () => {
  const found = { [PROJECTION_VERSION]: foldsHash() };
  const advice =
    "the folds' source changed: raise PROJECTION_VERSION if they write other values than those " +
    'that were released, else two kinds of rows get into one table; then update the pin';
  expect(found, advice).toEqual({ 4: '63a1959765be' });
});

/** Of the code that decides what is in a row: folds, tables, what they share, how rows merge. */
function foldsHash(): string {
  const folder = new URL('../../projections/', import.meta.url);
  const isFold = (path: string): boolean =>
    /^(?!runner\/).+\/\w+\.ts$|^countItems\.ts$|^runner\/rowMerger\.ts$/.test(path);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isFold);
  const hash = createHash('sha256');
  for (const file of files.toSorted()) {
    const source = readFileSync(new URL(file, folder), 'utf8');
    hash.update(JSON.stringify([file, source]));
  }
  return hash.digest('hex').slice(0, 12);
}

/** A program of another version: its modules, loaded with that version. */
async function programOf(version: number) {
  vi.resetModules();
  vi.doMock('../../projections/readModels.js', async (original) => ({
    ...(await original<object>()),
    PROJECTION_VERSION: version,
  }));
  const { openProjectionStore } = await import('./projectionStore.js');
  const { makeBareGeneration } = await import('./projectionSchema.js');
  const { finishIndexes, swapGeneration } = await import('./generationSwap.js');
  vi.doUnmock('../../projections/readModels.js');
  /** A projector that has been started, and folds when it is told to. */
  const start = async (owner = `v${version}`) => {
    const options = { url: tables.url, genesis: engineGenesis, log: quietLog };
    const store = await openProjectionStore(options);
    opened.push(store);
    const look = () => store.acquireLeases(0, owner, 60_000);
    const stop = async () => {
      await store.releaseLeases(0, owner);
      await store.close();
      opened.splice(opened.indexOf(store), 1);
    };
    await look();
    return { look, stop, fold: (height: number) => foldTo(store, height) };
  };
  const swap = (schema: string) => swapGeneration(tables.admin, schema, 'operator');
  const rebuild = async (height: number): Promise<string> => {
    const schema = await makeBareGeneration(tables.admin, engineGenesis);
    const options = { url: tables.url, genesis: engineGenesis, log: quietLog, schema };
    const store = await openProjectionStore(options);
    await foldTo(store, height);
    await store.close();
    await finishIndexes(tables.admin, schema);
    return schema;
  };
  return { start, swap, rebuild };
}

/** Moves every source on, from wherever it stands. */
async function foldTo(store: OpenProjectionStore, height: number): Promise<void> {
  const all = await store.checkpoints(0);
  await store.commit(
    all.map((at) => ({
      ...{ shard: 0, partition: at.partition, fromHeight: at.height, rows: new RowBatch() },
      checkpoint: { ...at, height },
    })),
  );
}

/** Of each version: how often there are tables, which readers see, and by whose choice. */
async function shown(): Promise<string[]> {
  const all = await listGenerations(tables.admin);
  return all.map(({ version, state, chosenBy, isPinned }) => {
    return [`v${version} ${state}`, chosenBy ?? 'nobody', ...(isPinned ? ['pinned'] : [])].join(
      ' ',
    );
  });
}

async function schemaOf(version: number): Promise<string> {
  const all = await listGenerations(tables.admin);
  return present(
    all.find((each) => each.version === version),
    'tables of a version',
  ).schema;
}

async function visibleHeight(): Promise<number> {
  const { rows } = await tables.admin.query(`select height from ${VIEW_SCHEMA}.visible_height`);
  return Number(rows[0].height);
}

/** Version 11 has taken the place of 10 by itself, both at height 5; both projectors still run. */
async function upgraded() {
  const older = await programOf(10);
  const newer = await programOf(11);
  const old = await older.start();
  await old.fold(5);
  const fresh = await newer.start();
  await fresh.fold(4);
  await fresh.look();
  expect(await shown()).toEqual(['v10 active projector', 'v11 building nobody']);
  await fresh.fold(5);
  await fresh.look();
  expect(await shown()).toEqual(['v10 retired projector', 'v11 active projector']);
  return { older, newer, old, fresh };
}

describe('an older program', () => {
  it('that runs on, or starts again, folds on in its tables and takes nothing back', async () => {
    const { older, old, fresh } = await upgraded();
    await old.look();
    await old.fold(8);
    await old.look();
    await old.stop();
    const again = await older.start();
    await again.fold(9);
    await again.look();
    expect(await shown()).toEqual(['v10 retired projector', 'v11 active projector']);
    await fresh.fold(6);
    expect(await visibleHeight()).toBe(6);
  });

  it('fills tables of its own where they were dropped, and readers do not see them', async () => {
    const { older, old } = await upgraded();
    await old.stop();
    expect(await pruneGenerations(tables.admin, -1_000)).toHaveLength(1);
    const again = await older.start();
    await again.fold(9);
    await again.look();
    expect(await shown()).toEqual(['v11 active projector', 'v10 building nobody']);
  });
});

describe("an operator's choice", () => {
  it('of the older tables stays, while newer projectors run, start again, or come', async () => {
    const { older, newer, old, fresh } = await upgraded();
    await old.look();
    expect(await older.swap(await schemaOf(10))).toBe('swapped');
    const back = ['v10 active operator pinned', 'v11 retired projector'];
    await fresh.look();
    await fresh.fold(9);
    await fresh.look();
    expect(await shown()).toEqual(back);
    await fresh.stop();
    const again = await newer.start();
    await again.fold(12);
    await again.look();
    const newest = await (await programOf(12)).start();
    await newest.fold(12);
    await newest.look();
    expect(await shown()).toEqual([...back, 'v12 building nobody']);
    await old.fold(7);
    expect(await visibleHeight()).toBe(7);
  });

  it('stays when those tables are made anew, whatever it was made over', async () => {
    const { older, old, fresh } = await upgraded();
    await older.swap(await schemaOf(10));
    await fresh.stop();
    expect(await dropGeneration(tables.admin, await schemaOf(11))).toBe('dropped');
    const rebuilt = await older.rebuild(5);
    expect(await older.swap(rebuilt)).toBe('swapped');
    await old.look();
    expect(await shown()).toEqual(['v10 retired operator', 'v10 active operator pinned']);
    const fresher = await (await programOf(11)).start();
    await fresher.fold(6);
    await fresher.look();
    expect((await shown()).at(-1)).toBe('v11 building nobody');
  });

  it('of the newest tables is no choice against those of a later program', async () => {
    const { older, newer, fresh } = await upgraded();
    await older.swap(await schemaOf(10));
    await fresh.look();
    expect(await newer.swap(await schemaOf(11))).toBe('swapped');
    expect(await shown()).toEqual(['v10 retired operator', 'v11 active operator']);
    const newest = await (await programOf(12)).start();
    await newest.fold(5);
    await newest.look();
    expect((await shown()).at(-1)).toBe('v12 active projector');
  });
});

it('of one version and another content are filled, and not seen before somebody asks', async () => {
  const program = await programOf(10);
  const old = await program.start();
  await old.stop();
  await tables.admin.query(`update ${VIEW_SCHEMA}.generations set content = 'another'`);
  const other = await program.start();
  await other.fold(3);
  await other.look();
  expect(await shown()).toEqual(['v10 active projector', 'v10 building nobody']);
});

it('from before versions were recorded are replaced by those of any version', async () => {
  const old = await (await programOf(10)).start();
  await old.stop();
  await tables.admin.query(`update ${VIEW_SCHEMA}.generations set content = 'before'`);
  for (const column of ['version', 'chosen_by', 'is_pinned']) {
    await tables.admin.query(`alter table ${VIEW_SCHEMA}.generations drop column ${column}`);
  }
  expect(await shown()).toEqual(['v0 active nobody']);
  await (await programOf(11)).start();
  expect(await shown()).toEqual(['v0 retired nobody', 'v11 active projector']);
});

it('that a projector fills are not dropped', async () => {
  const { old } = await upgraded();
  await old.look();
  const schema = await schemaOf(10);
  expect(await pruneGenerations(tables.admin, -1_000)).toEqual([]);
  expect(await dropGeneration(tables.admin, schema)).toBe('filled');
  await old.stop();
  expect(await pruneGenerations(tables.admin, -1_000)).toEqual([schema]);
});
