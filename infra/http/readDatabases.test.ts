import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { openTcpProxy, type TcpProxy } from '../../test/contracts/tcpProxy.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { type AdapterLog, createPool } from '../postgres/connection.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';
import {
  openReadDatabases,
  type ReadDatabases,
  type ReadDatabasesOptions,
} from './readDatabases.js';

vi.setConfig({ testTimeout: 60_000 });
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-databases-'));
const NAMES = ['primary', 'standby'] as const;
type Name = (typeof NAMES)[number];
/** Two databases of one server, each behind a network of its own. */
interface Database {
  readonly pool: pg.Pool;
  readonly proxy: TcpProxy;
  readonly url: string;
}
let server: EmbeddedPostgres;
let databases: Record<Name, Database>;
let metrics: Metrics;
const opened: ReadDatabases[] = [];

async function makeDatabase(name: Name, admin: pg.Pool): Promise<Database> {
  await admin.query(`create database "${name}"`);
  const direct = new URL(server.url);
  direct.pathname = name;
  const pool = createPool({ url: direct.href, applicationName: 'test', log: quietLog, max: 1 });
  await pool.query(`create schema ${VIEW_SCHEMA}`);
  await pool.query(`create schema p_${name}`);
  await pool.query(`create table p_${name}.visible_height
    (shard int, height bigint, timestamp_ms bigint)`);
  await pool.query(`insert into p_${name}.visible_height values (0, 0, 0)`);
  await pool.query(
    `create view ${VIEW_SCHEMA}.visible_height as select * from p_${name}.visible_height`,
  );
  const proxy = await openTcpProxy(0, () => server.port);
  const through = new URL(direct);
  through.port = String(proxy.port);
  return { pool, proxy, url: through.href };
}

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir: `${dataDir}-public`, log: quietLog });
  const admin = createPool({ url: server.url, applicationName: 'test', log: quietLog, max: 1 });
  const [primary, standby] = [
    await makeDatabase('primary', admin),
    await makeDatabase('standby', admin),
  ];
  databases = { primary, standby };
  await admin.end();
});
beforeEach(async () => {
  await Promise.all(NAMES.map((name) => move(name, 10)));
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  for (const name of NAMES) {
    databases[name].proxy.cut(null);
    databases[name].proxy.release();
  }
});
afterAll(async () => {
  for (const { pool, proxy } of Object.values(databases)) {
    await pool.end();
    await proxy.close();
  }
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(`${dataDir}-public`, { recursive: true, force: true });
});

async function move(name: Name, height: number): Promise<void> {
  await databases[name].pool.query(`update ${VIEW_SCHEMA}.visible_height set height = ${height}`);
}

interface OpenedAs {
  readonly log?: AdapterLog;
  readonly urls?: Partial<Record<Name, string>>;
}

async function open(
  names: readonly Name[] = NAMES,
  areOurs: ReadDatabasesOptions['areOurs'] = async () => true,
  { log = quietLog, urls = {} }: OpenedAs = {},
): Promise<ReadDatabases> {
  metrics = createMetrics('reader');
  const databasesOf = names.map((name) => ({ name, url: urls[name] ?? databases[name].url }));
  const all = await openReadDatabases({
    ...{ databases: databasesOf, applicationName: 'reader', shard: 0, wakeups: null },
    ...{ metrics, log, areOurs },
  });
  opened.push(all);
  return all;
}

/** Nobody gets in, and who was in is thrown out. */
function takeAway(name: Name): void {
  databases[name].proxy.cut({ atChunk: 1, delivered: false, thenShut: true });
}

async function whoAnswers(all: ReadDatabases, height: number): Promise<Name> {
  const [row] = await all.sql.at(height).rows('select current_database() as name', []);
  return row?.name as Name;
}

async function answerers(all: ReadDatabases, height: number): Promise<readonly Name[]> {
  const names = new Set<Name>();
  for (let index = 0; index < 8; index++) names.add(await whoAnswers(all, height));
  return [...names].toSorted();
}

const inUse = (all: ReadDatabases): string[] =>
  all.status().flatMap(({ database, inUse: is }) => (is ? [database] : []));

const shown = (all: ReadDatabases): number => all.heights.current().height;

async function until(holds: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(holds()).toBe(true), { timeout: 20_000, interval: 20 });
}

it('name the tables of all that may answer, as each says other things by them', async () => {
  const all = await open();
  expect(all.heights.tables()).toMatch(/^p_primary\.\d+\+p_standby\.\d+$/);
  takeAway('standby');
  await until(() => /^p_primary\.\d+$/.test(all.heights.tables()));
});

it('show the lowest height, and spread reads over all that have it', async () => {
  const all = await open();
  expect(shown(all)).toBe(10);
  expect(await answerers(all, 10)).toEqual(['primary', 'standby']);
  await move('primary', 12);
  expect(await all.heights.waitFor(11, 500)).toBe('timeout');
  expect(all.status()).toEqual([
    { database: 'primary', visibleHeight: 12, lagHeights: 0, inUse: true, failure: null },
    { database: 'standby', visibleHeight: 10, lagHeights: 2, inUse: true, failure: null },
  ]);
  await move('standby', 11);
  expect(await all.heights.waitFor(11, 5_000)).toBe('visible');
  expect(shown(all)).toBe(11);
});

it('leave out what lags for two seconds, and take it back when it has caught up', async () => {
  const all = await open();
  await move('primary', 20);
  expect(await all.heights.waitFor(20, 10_000)).toBe('visible');
  expect(inUse(all)).toEqual(['primary']);
  expect(await answerers(all, 20)).toEqual(['primary']);
  expect(await metrics.text()).toMatch(/reader_database_lag_heights{[^}]*standby[^}]*} 10\n/);
  expect(await metrics.text()).toMatch(/reader_database_in_use{[^}]*standby[^}]*} 0\n/);
  await move('standby', 20);
  await until(() => inUse(all).length === 2);
  expect(await answerers(all, 20)).toEqual(['primary', 'standby']);
});

it('ask another one when a connection breaks, and go on without it until it is back', async () => {
  const all = await open();
  takeAway('primary');
  databases.primary.proxy.breakAll();
  for (let index = 0; index < 20; index++) expect(await whoAnswers(all, 10)).toBe('standby');
  await until(() => inUse(all).length === 1);
  await move('standby', 15);
  expect(await all.heights.waitFor(15, 5_000)).toBe('visible');
  await move('primary', 15);
  databases.primary.proxy.cut(null);
  await until(() => inUse(all).length === 2);
  expect(await answerers(all, 15)).toEqual(['primary', 'standby']);
});

it('ask another one when a server is there and says nothing', async () => {
  const all = await open();
  databases.primary.proxy.stall();
  const answers = Array.from({ length: 8 }, () => whoAnswers(all, 10));
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['standby']));
  expect(await metrics.text()).toMatch(/reader_database_retries_total{[^}]*primary[^}]*} [1-9]/);
  await until(() => inUse(all).length === 1);
  databases.primary.proxy.release();
  await until(() => inUse(all).length === 2);
});

it('ask another one when a server lets nobody in, knock less and less, and say why', async () => {
  const { standby } = databases;
  await standby.pool.query("create role reads login password 'reads'");
  await standby.pool.query(`grant usage on schema ${VIEW_SCHEMA} to reads`);
  await standby.pool.query(`grant select on ${VIEW_SCHEMA}.visible_height to reads`);
  const asRole = new URL(standby.url);
  asRole.username = 'reads';
  asRole.password = 'reads';
  const warned: Record<string, unknown>[] = [];
  const log = { ...quietLog, warn: (entry: object) => void warned.push({ ...entry }) };
  const all = await open(NAMES, async () => true, { log, urls: { standby: asRole.href } });
  await standby.pool.query('alter role reads nologin');
  const end = 'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1';
  await standby.pool.query(end, ['reads']);
  for (let index = 0; index < 40; index++) expect(await whoAnswers(all, 10)).toBe('primary');
  await until(() => all.status()[1]?.failure === 'authentication');
  const knocks = standby.proxy.accepted;
  await sleep(3_000);
  expect(standby.proxy.accepted - knocks).toBeLessThanOrEqual(5);
  const leftOut = warned.filter(({ database }) => database === 'standby');
  const reasons = leftOut.map(({ err }) => (err as { code?: string }).code);
  // Its sessions may have ended before a new one was tried.
  expect(reasons.length).toBeLessThanOrEqual(2);
  expect(reasons.at(-1)).toBe('authentication');
  await standby.pool.query('alter role reads login');
  await until(() => inUse(all).length === 2);
});

it('say which of several could not be reached at the start', async () => {
  takeAway('standby');
  const warned: unknown[] = [];
  const log = { ...quietLog, warn: (entry: object) => void warned.push(entry) };
  await open(NAMES, async () => true, { log });
  expect(warned).toMatchObject([{ database: 'standby', err: { code: 'unreachable' } }]);
});

it('ask another one where a lock holds up the whole of a database', async () => {
  const all = await open();
  const holder = await databases.standby.pool.connect();
  await holder.query('begin');
  await holder.query(`lock table ${VIEW_SCHEMA}.visible_height`);
  const asks = Array.from({ length: 2 }, async () => {
    const sql = all.sql.at(10);
    const rows = await sql.rows('select current_database() as name from visible_height', []);
    return rows[0]?.name;
  });
  expect(await Promise.all(asks)).toEqual(['primary', 'primary']);
  await holder.query('rollback');
  holder.release();
});

it('refuse what is on none, and go back to what is left only after a while', async () => {
  const all = await open();
  await move('primary', 30);
  expect(await all.heights.waitFor(30, 10_000)).toBe('visible');
  const pinned = all.sql.at(30);
  takeAway('primary');
  databases.primary.proxy.breakAll();
  await until(() => inUse(all).length === 0);
  await expect(whoAnswers(all, 30)).rejects.toMatchObject({ code: 'unreachable' });
  expect(shown(all)).toBe(30);
  await until(() => shown(all) === 10);
  expect(await answerers(all, 10)).toEqual(['standby']);
  // An answer that was begun at the height of before is never finished from less.
  const begun = pinned.rows('select 1 as one', []);
  await expect(begun).rejects.toMatchObject({ code: 'unreachable' });
  databases.primary.proxy.cut(null);
  await until(() => inUse(all).includes('primary'));
  expect(await all.heights.waitFor(30, 10_000)).toBe('visible');
});

it('follow one that goes back at once where all answer', async () => {
  const all = await open(['standby']);
  await move('standby', 5);
  await until(() => shown(all) === 5);
  expect(await whoAnswers(all, 5)).toBe('standby');
  await expect(whoAnswers(all, 6)).rejects.toMatchObject({ code: 'unreachable' });
});

it('start with those that can be reached, and add the others; never without any', async () => {
  takeAway('primary');
  const all = await open();
  expect(inUse(all)).toEqual(['standby']);
  databases.primary.proxy.cut(null);
  await until(() => inUse(all).length === 2);
  for (const name of NAMES) takeAway(name);
  for (const name of NAMES) databases[name].proxy.breakAll();
  await expect(open()).rejects.toMatchObject({ code: 'unreachable' });
});

it('refuse tables of another chain, wherever they stand', async () => {
  const areOurs: ReadDatabasesOptions['areOurs'] = async (sql) => {
    const [row] = await sql.rows('select current_database() as name', []);
    return row?.name === 'primary';
  };
  await expect(open(['standby'], areOurs)).rejects.toMatchObject({
    code: 'foreignTables',
    retriable: false,
    message: 'standby holds tables of another chain than that of the genesis file',
  });
  await expect(open(NAMES, areOurs)).rejects.toMatchObject({ code: 'foreignTables' });
  // Nothing tells whose the tables are before they have heights.
  await move('standby', 0);
  const all = await open(['standby'], areOurs);
  expect(all.heights.isFresh()).toBe(true);
  await move('standby', 11);
  await until(() => !all.heights.isFresh());
  expect(shown(all)).toBe(0);
  expect(inUse(all)).toEqual([]);
  await expect(whoAnswers(all, 0)).rejects.toMatchObject({ code: 'unreachable' });
});

it('tell whether the projector has made the tables', async () => {
  const { pool } = databases.primary;
  const rename = (from: string, to: string) =>
    pool.query(`alter table ${VIEW_SCHEMA}.${from} rename to ${to}`);
  await rename('visible_height', 'not_yet');
  const all = await open(['primary']);
  expect(all.heights.isFresh()).toBe(true);
  expect(all.heights.hasTables()).toBe(false);
  await rename('not_yet', 'visible_height');
  await until(() => all.heights.hasTables());
});

it('tell that the only one is not in use while it does not answer', async () => {
  const all = await open(['primary']);
  await until(() => inUse(all).length === 1);
  takeAway('primary');
  await until(() => inUse(all).length === 0);
  expect(await metrics.text()).toMatch(/database_in_use\{database="primary".*\} 0/);
  await expect(whoAnswers(all, 10)).rejects.toMatchObject({ code: 'unreachable' });
  databases.primary.proxy.cut(null);
  databases.primary.proxy.release();
  await until(() => inUse(all).length === 1);
});
