import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { accountHistory } from '../../projections/accounts/table.js';
import { type MarkRow, marks } from '../../projections/explorer/table.js';
import {
  BLOCKS_PARTITION,
  type ProjectorStatus,
  type SourceCommit,
  ZombieWriterError,
} from '../../projections/ports.js';
import { keyColumns } from '../../projections/readModel.js';
import { readModels, VIEW_SCHEMA } from '../../projections/readModels.js';
import type { Projector } from '../../projections/runner/projector.js';
import { KnownRows, RowBatch } from '../../projections/runner/rowBatch.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { createSource, type Source } from '../../projections/runner/source.js';
import { PROJECTION_COPY_ROWS_MIN, PROJECTION_LOOSE_ROWS_MAX } from '../../schemas/limits.js';
import type { Log, LogRecord } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { heightRecords, markRecord } from '../../test/simulation/chainRecords.js';
import { dropProjections } from '../../test/simulation/dropProjections.js';
import {
  engineChain,
  engineGenesis,
  engineKeys,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import {
  openEngineLog,
  projectEngineLog,
  publishHeights,
} from '../../test/simulation/engineLog.js';
import { wallTimer } from '../projections/wallTimer.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import { finishIndexes, pruneGenerations, swapGeneration } from './generationSwap.js';
import { activeGeneration } from './generations.js';
import { makeBareGeneration } from './projectionSchema.js';
import { type OpenProjectionStore, openProjectionStore } from './projectionStore.js';
import { readRowTypes } from './rowTypes.js';
import { tableHashes } from './tableHashes.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-projections-'));
const topics = topicNames(engineKeys.chainId);
/** Generous: other suites may have the processors. */
const WAIT_MS_MAX = 120_000;
vi.setConfig({ testTimeout: 2 * WAIT_MS_MAX });
const tables = readModels.flatMap((model) => model.tables);
const tableNames = tables.map(({ name }) => name);
const HEIGHTS = 60;
const chain = engineChain({ heights: HEIGHTS, commands: 20, seed: 7 });
let server: EmbeddedPostgres;
let admin: pg.Pool;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir: `${dataDir}-public`, log: quiet });
  admin = openPool();
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(`${dataDir}-public`, { recursive: true, force: true });
});

function openPool(): pg.Pool {
  const pool = new pg.Pool({ connectionString: server.url, max: 2 });
  pool.on('error', () => {}); // connections that a test cuts off are lost on purpose
  return pool;
}

/** What a test opened, ended after it, newest first. */
const opened: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  await dropProjections(admin);
});
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function openStore(): Promise<OpenProjectionStore> {
  const store = await openProjectionStore({ url: server.url, genesis: engineGenesis, log: quiet });
  opened.push(() => store.close());
  return store;
}

interface Watched extends Projector {
  readonly dropped: Record<string, number>;
}

async function project(log: Log, owner = 'one', leaseMs = 1_500): Promise<Watched> {
  const store = await openStore();
  const dropped: Record<string, number> = {};
  const projector = projectEngineLog(log, {
    ...{ owner, leaseMs, store, timer: wallTimer },
    telemetry: {
      onDropped: (_, reason, count) => {
        dropped[reason] = (dropped[reason] ?? 0) + count;
      },
    },
  });
  opened.push(() => projector.stop());
  return { ...projector, dropped };
}

async function eventually(holds: () => Promise<boolean> | boolean, title: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${title}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function visibleHeight(): Promise<number> {
  const { rows } = await admin.query(`select height from ${VIEW_SCHEMA}.visible_height`);
  return Number(rows[0]?.height ?? 0);
}

const untilVisible = (height: number): Promise<void> =>
  eventually(async () => (await visibleHeight()) >= height, `height ${height} visible`);

/** Hashes that a projector leaves that is never disturbed. */
async function undisturbedHashes(): Promise<unknown> {
  const log = await openEngineLog();
  await publishHeights(log, chain);
  const projector = await project(log);
  await untilVisible(HEIGHTS);
  await projector.stop();
  const hashes = await tableHashes(admin);
  await dropProjections(admin);
  return hashes;
}

describe('what is folded', () => {
  it('is in the tables: blocks, commands, balances equal to their history, books', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain);
    const projector = await project(log);
    await untilVisible(HEIGHTS);
    await eventually(() => projector.status().ready, 'ready');
    const hashes = await tableHashes(admin);
    expect(hashes.map(({ table }) => table)).toEqual(tableNames);
    for (const { table, rows } of hashes) expect(rows, table).toBeGreaterThan(0);
    const events = chain.flatMap((height) => height.events.flat());
    const { rows: sums } = await admin.query(
      `select (select count(*) from nullspace.events)::integer as events,
        (select count(*) from nullspace.balances b where balance <>
          (select sum(delta) from nullspace.account_history h
           where h.account = b.account and h.asset = b.asset))::integer as unequal,
        (select count(*) from nullspace.supply
         where accounts + in_play + bankroll + faucet <> issued)::integer as unbalanced,
        (select sum(executed + refused) from nullspace.accounts)::integer as finished,
        (select count(*) from nullspace.commands)::integer as commands,
        (select sum(events) from nullspace.counters where span_ms = 0)::integer as counted`,
    );
    const [found] = sums;
    expect(found).toMatchObject({ events: events.length, unequal: 0, unbalanced: 0 });
    expect(found.finished).toBe(found.commands);
    expect(found.counted).toBe(events.length);
  });

  it('has the columns and keys that the folds write, and a comment on each table', async () => {
    await openStore();
    const schema = (await activeGeneration(admin))?.schema ?? 'none';
    // Compares order, types and nullability, and names what differs.
    expect((await readRowTypes(admin, schema)).size).toBe(tableNames.length);
    const { rows } = await admin.query(
      `select relname as name, obj_description(pg_class.oid) is not null as documented,
         obj_description(to_regclass('${VIEW_SCHEMA}.' || relname)) is not null as shown,
         array(select attname::text from pg_index join pg_attribute
           on attrelid = indrelid and attnum = any(indkey)
           where indrelid = pg_class.oid and indisprimary order by attnum) as keys
       from pg_class where relnamespace = to_regnamespace($1) and relname = any($2)`,
      [schema, tableNames],
    );
    const found = new Map(rows.map(({ name, ...row }) => [name, row]));
    for (const table of tables) {
      const expected = { documented: true, shown: true, keys: keyColumns(table) };
      expect(found.get(table.name), table.name).toEqual(expected);
    }
  });

  it('refuses tables of another chain', async () => {
    await openStore();
    const genesis = { ...engineGenesis, name: 'another chain' };
    const other = openProjectionStore({ url: server.url, genesis, log: quiet });
    await expect(other).rejects.toMatchObject({ code: 'otherChain', retriable: false });
  });
});

describe('tables equal those of a projector that was never disturbed', () => {
  it('after stops and starts while the log grows', async () => {
    const expected = await undisturbedHashes();
    const log = await openEngineLog();
    for (let from = 0; from < HEIGHTS; from += 15) {
      const projector = await project(log);
      await publishHeights(log, chain.slice(from, from + 15));
      if (from % 2 === 0) await untilVisible(from + 5);
      await projector.stop();
      expect(projector.status().state).toBe('stopped');
    }
    await project(log);
    await untilVisible(HEIGHTS);
    expect(await tableHashes(admin)).toEqual(expected);
  });

  it('after its connections were cut in the middle of writing', async () => {
    const expected = await undisturbedHashes();
    const log = await openEngineLog();
    await project(log);
    for (let from = 0; from < HEIGHTS; from += 5) {
      await publishHeights(log, chain.slice(from, from + 5));
      await new Promise((resolve) => setTimeout(resolve, from % 7));
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'nullspace projector'`,
      );
    }
    await untilVisible(HEIGHTS);
    expect(await tableHashes(admin)).toEqual(expected);
  });

  it('with two projectors that share the sources, one of which goes away', async () => {
    const expected = await undisturbedHashes();
    const log = await openEngineLog();
    const sources = (status: ProjectorStatus): number => status.sources.length;
    const first = await project(log, 'first');
    const second = await project(log, 'second');
    const shared = (): boolean => sources(first.status()) === 9 && sources(second.status()) === 8;
    const swapped = (): boolean => sources(first.status()) === 8 && sources(second.status()) === 9;
    await eventually(() => shared() || swapped(), 'equal shares');
    await publishHeights(log, chain.slice(0, 30));
    await untilVisible(10);
    await second.stop();
    await publishHeights(log, chain.slice(30));
    await untilVisible(HEIGHTS);
    expect(await tableHashes(admin)).toEqual(expected);
  });

  it('with forged and repeated records and a hole that is filled later', async () => {
    const expected = await undisturbedHashes();
    const log = await openEngineLog();
    const projector = await project(log);
    const writer = await log.openWriter('hostile');
    const all = chain.map((height) => heightRecords(height, topics));
    const [withheld] = all.splice(20, 1);
    for (const records of all) {
      await writer.append(records);
      await writer.append(records.map(forge));
      await writer.append(records);
    }
    await untilVisible(20);
    const holes = (): number =>
      projector.status().sources.filter(({ hole }) => hole !== null).length;
    await eventually(() => holes() > 0, 'the hole is seen');
    expect(projector.status().ready).toBe(false);
    expect(await visibleHeight()).toBe(20);
    await writer.append(withheld as LogRecord[]);
    await untilVisible(HEIGHTS);
    await eventually(() => projector.status().ready, 'ready');
    expect(projector.dropped).toMatchObject({ repeat: expect.any(Number) });
    expect(await tableHashes(admin)).toEqual(expected);
  });

  it('by COPY in one transaction, of rows packed as they come or not, as by rows in many', async () => {
    const foldAndCommit = async (heightsPerCommit: number, packs: boolean): Promise<number[]> => {
      await dropProjections(admin);
      const store = await openStore();
      const lanes = (await store.checkpoints(0)).map((at) => {
        return { source: createSource(sourceOptions, at), known: new KnownRows() };
      });
      const most = [0, 0];
      for (let from = 0; from < HEIGHTS; from += heightsPerCommit) {
        const records = chain
          .slice(from, from + heightsPerCommit)
          .flatMap((height) => heightRecords(height, topics));
        const commits = lanes.map(({ source, known }) => {
          const rows = packs ? new RowBatch(known, store.pack) : new RowBatch();
          return commitOf(source, records, rows);
        });
        for (const [index, counts] of rowCounts(commits).entries()) {
          most[index] = Math.max(most[index] ?? 0, counts);
        }
        await store.commit(commits);
      }
      return most;
    };
    const [loose, packed] = await foldAndCommit(1, false);
    expect([loose! < PROJECTION_COPY_ROWS_MIN, packed]).toEqual([true, 0]);
    const byRows = await tableHashes(admin);
    const [many] = await foldAndCommit(HEIGHTS, false);
    expect(many).toBeGreaterThan(PROJECTION_COPY_ROWS_MIN);
    expect(await tableHashes(admin)).toEqual(byRows);
    const [, most] = await foldAndCommit(HEIGHTS, true);
    expect(most).toBeGreaterThan(PROJECTION_LOOSE_ROWS_MAX);
    expect(await tableHashes(admin)).toEqual(byRows);
    await foldAndCommit(7, true);
    expect(await tableHashes(admin)).toEqual(byRows);
  });
});

it('goes on in tables that have the name of others, which it wrote to and which were dropped', async () => {
  const store = await openStore();
  const [from] = await store.checkpoints(0);
  const commit = (to: OpenProjectionStore, height: number): Promise<void> => {
    const checkpoint = { ...(from as NonNullable<typeof from>), height };
    const at = { shard: 0, partition: BLOCKS_PARTITION, fromHeight: height - 1 };
    return to.commit([{ ...at, checkpoint, rows: new RowBatch() }]);
  };
  await commit(store, 1);
  const schemas = [(await activeGeneration(admin))?.schema];
  for (const height of [2, 3]) {
    const schema = await makeBareGeneration(admin, engineGenesis);
    const options = { url: server.url, genesis: engineGenesis, log: quiet, schema };
    const rebuilt = await openProjectionStore(options);
    for (let each = 1; each < height; each++) await commit(rebuilt, each);
    await rebuilt.close();
    await finishIndexes(admin, schema);
    expect(await swapGeneration(admin, schema, 'operator')).toBe('swapped');
    await store.acquireLeases(0, 'one', 60_000);
    expect(await pruneGenerations(admin, -1_000)).toEqual([schemas.at(-1)]);
    await commit(store, height);
    schemas.push(schema);
  }
  expect(schemas).toEqual([schemas[0], `${schemas[0]}_2`, schemas[0]]);
  await admin.query(`drop table ${schemas[0]}.supply cascade`);
  await expect(commit(store, 4)).rejects.toMatchObject({ code: 'refused' });
  await expect(commit(store, 4)).rejects.toThrow(`there is no table ${schemas[0]}.supply`);
});

/** Events in rows of marks, and packed rows of account_history. */
function rowCounts(commits: readonly SourceCommit[]): [events: number, packed: number] {
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  return [
    sum(commits.flatMap(({ rows }) => rows.appended.get(marks) ?? []).map(eventsIn)),
    sum(commits.map(({ rows }) => rows.packed.get(accountHistory)?.count ?? 0)),
  ];
}

const eventsIn = (row: StoredRow): number => (row as MarkRow).records.length;

const sourceOptions = {
  keys: engineKeys,
  eventPartitions: engineGenesis.eventPartitions,
  verifiers: engineVerifiers,
  models: readModels,
  onDropped: () => {},
};

function commitOf(source: Source, records: readonly LogRecord[], rows: RowBatch): SourceCommit {
  const { shard, partition, height: fromHeight } = source.checkpoint;
  for (const record of records) {
    const isBlocks = record.topic === topics.blocks;
    const at = isBlocks ? BLOCKS_PARTITION : record.partition;
    if (at === partition) source.read(record.value, 0n, rows);
  }
  return { shard, partition, fromHeight, checkpoint: source.checkpoint, rows };
}

/** The same record with one bit of its last signature, or last hash, turned. */
function forge(record: LogRecord): LogRecord {
  const value = record.value.slice();
  const place = value.length - 10;
  value[place] = (value[place] ?? 0) ^ 1;
  return { ...record, value };
}

describe('who may write', () => {
  it('stops a writer whose checkpoint has moved, and writes none of its rows', async () => {
    const store = await openStore();
    const [blocks] = await store.checkpoints(0);
    expect(blocks).toMatchObject({ partition: BLOCKS_PARTITION, height: 0 });
    const step = (fromHeight: number, height: number, rows: RowBatch) => ({
      ...{ shard: 0, partition: BLOCKS_PARTITION, fromHeight, rows },
      checkpoint: { ...(blocks as NonNullable<typeof blocks>), height },
    });
    await store.commit([step(0, 3, new RowBatch())]);
    const late = new RowBatch();
    const [explorer] = readModels;
    const [certified] = chain;
    if (certified !== undefined) {
      const value = Uint8Array.of(1);
      explorer?.foldBlock?.({ shard: 0, certified: certified.certified, value }, late);
    }
    expect(late.count).toBe(1);
    await expect(store.commit([step(0, 1, late)])).rejects.toThrow(ZombieWriterError);
    const { rows } = await admin.query('select count(*)::integer as blocks from nullspace.blocks');
    expect(rows[0].blocks).toBe(0);
    expect((await store.checkpoints(0))[0]).toMatchObject({ height: 3 });
  });

  it('does not wait for ever: a statement that somebody blocks ends, and can be tried again', async () => {
    const store = await openProjectionStore({
      ...{ url: server.url, genesis: engineGenesis, log: quiet, statementTimeoutMs: 300 },
    });
    opened.push(() => store.close());
    const [blocks] = await store.checkpoints(0);
    const checkpoint = { ...(blocks as NonNullable<typeof blocks>), height: 1 };
    const step = { shard: 0, partition: BLOCKS_PARTITION, fromHeight: 0, checkpoint };
    const holder = await admin.connect();
    try {
      await holder.query('begin');
      await holder.query(`select from ${VIEW_SCHEMA}.checkpoints where partition = -1 for update`);
      const blocked = store.commit([{ ...step, rows: new RowBatch() }]);
      await expect(blocked).rejects.toMatchObject({ code: 'timeout', retriable: true });
      await holder.query('rollback');
    } finally {
      holder.release();
    }
    await store.commit([{ ...step, rows: new RowBatch() }]);
    expect((await store.checkpoints(0))[0]).toMatchObject({ height: 1 });
  });

  it('shares sources out equally, and frees those of the dead', async () => {
    const store = await openStore();
    expect(await store.acquireLeases(0, 'a', 60_000)).toHaveLength(17);
    expect(await store.acquireLeases(0, 'b', 3_000)).toHaveLength(0);
    const ofA = await store.acquireLeases(0, 'a', 60_000);
    const ofB = await store.acquireLeases(0, 'b', 3_000);
    expect([ofA.length, ofB.length]).toEqual([9, 8]);
    expect(new Set([...ofA, ...ofB]).size).toBe(17);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    expect(await store.acquireLeases(0, 'a', 60_000)).toHaveLength(17);
    await store.releaseLeases(0, 'a');
    expect(await store.acquireLeases(0, 'c', 60_000)).toHaveLength(17);
  });

  it('halts on two certified histories, and says so', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 3));
    const projector = await project(log);
    await untilVisible(3);
    const [other] = engineChain({ heights: 5, commands: 3, seed: 8 }).slice(4);
    const [same] = engineChain({ heights: 5, commands: 20, seed: 7 }).slice(4);
    const partition = (same as ChainedHeight).leaves.findIndex(({ count }) => count > 0);
    const writer = await log.openWriter('publisher');
    await publishHeights(log, chain.slice(3, 6));
    await untilVisible(6);
    const value = markRecord(other as ChainedHeight, partition);
    const record = heightRecords(other as ChainedHeight, topics)[0] as LogRecord;
    await writer.close();
    const last = await log.openWriter('publisher');
    await last.append([{ ...record, topic: topics.events, partition, value }]);
    await eventually(() => projector.status().state === 'halted', 'halted');
    expect(projector.status().message).toMatch(/two certified results at height 5/);
  });
});
