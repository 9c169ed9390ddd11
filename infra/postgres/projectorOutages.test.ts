import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProjectorStatus } from '../../projections/ports.js';
import type { Projector } from '../../projections/runner/projector.js';
import type { Log } from '../../schemas/log.js';
import { engineChain, engineGenesis } from '../../test/simulation/engineChain.js';
import {
  openEngineLog,
  projectEngineLog,
  publishHeights,
} from '../../test/simulation/engineLog.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { wallTimer } from '../projections/wallTimer.js';
import { createPool } from './connection.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import { openProjectionStore } from './projectionStore.js';
import { tableHashes } from './tableHashes.js';

/** Generous: other suites may have the processors. */
const WAIT_MS_MAX = 120_000;
vi.setConfig({ testTimeout: 2 * WAIT_MS_MAX });

const HEIGHTS = 60;
const DISK_MIB = 192;
const chain = engineChain({ heights: HEIGHTS, commands: 40, seed: 13 });
const folder = mkdtempSync(join(tmpdir(), 'nullspace-outages-'));
const publicDir = `${folder}-public`;
const disk = `${folder}-disk`;
mkdirSync(disk);
const mountArguments = ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0755`, 'tmpfs', disk];
const isMounted = spawnSync('mount', mountArguments).status === 0;

/** What a test opened, ended after it, newest first. */
const opened: (() => Promise<unknown>)[] = [];
async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close();
}
/** Of the tables that a projector leaves that is never disturbed. */
let expected: unknown;

beforeAll(async () => {
  const server = await startServer('undisturbed');
  const log = await openEngineLog();
  await publishHeights(log, chain);
  const projector = await project(log, server.url);
  await eventually(() => isDone(projector.status()), 'all heights');
  expected = await hashesAt(server.url);
  await closeAll();
}, WAIT_MS_MAX);
afterEach(closeAll);
afterAll(() => {
  if (isMounted) spawnSync('umount', [disk]);
  for (const each of [folder, publicDir, disk]) rmSync(each, { recursive: true, force: true });
});

async function startServer(name: string, place = publicDir): Promise<EmbeddedPostgres> {
  const dataDir = join(folder, name);
  const server = await startEmbeddedPostgres({ dataDir, publicDir: place, log: quietLog });
  opened.push(() => server.stop());
  return server;
}

interface Watched extends Projector {
  readonly states: ProjectorStatus[];
}

async function project(log: Log, url: string): Promise<Watched> {
  const store = await openProjectionStore({ url, genesis: engineGenesis, log: quietLog });
  opened.push(() => store.close());
  const states: ProjectorStatus[] = [];
  const projector = projectEngineLog(log, {
    ...{ store, timer: wallTimer },
    telemetry: { onState: (status) => states.push(status) },
  });
  opened.push(() => projector.stop());
  return { ...projector, states };
}

const eventually = (holds: () => boolean, title: string) =>
  vi.waitFor(() => expect(holds(), title).toBe(true), { timeout: WAIT_MS_MAX });
const areAt = ({ sources }: ProjectorStatus, wanted: number): boolean =>
  sources.length > 0 && sources.every(({ height }) => height === wanted);
const isDone = (status: ProjectorStatus): boolean =>
  status.state === 'running' && areAt(status, HEIGHTS);
const isWaiting = ({ state }: ProjectorStatus): boolean => state === 'waiting';

async function hashesAt(url: string): Promise<unknown> {
  const pool = createPool({ url, applicationName: 'hashes', log: quietLog, max: 1 });
  try {
    return await tableHashes(pool);
  } finally {
    await pool.end();
  }
}

async function asked(url: string, ...statements: readonly string[]): Promise<pg.QueryResult[]> {
  const pool = createPool({ url, applicationName: 'asked', log: quietLog, max: 1 });
  try {
    const results: pg.QueryResult[] = [];
    for (const statement of statements) results.push(await pool.query(statement));
    return results;
  } finally {
    await pool.end();
  }
}

/** What is committed from now on, and does not wait for the disk, reaches it much later. */
async function keepFromDisk(url: string): Promise<void> {
  await asked(
    url,
    "alter system set wal_writer_delay = '10s'",
    "alter system set wal_writer_flush_after = '1GB'",
    'select pg_reload_conf()',
    'checkpoint',
  );
}

async function heightsAt(url: string): Promise<readonly number[]> {
  const [result] = await asked(url, 'select height from checkpoints');
  return (result?.rows ?? []).map(({ height }: { readonly height: string }) => Number(height));
}

/** Leaves nothing on the disk; what it returns gives all back. */
function fillDisk(): () => void {
  const path = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(path, Buffer.alloc(bavail * bsize));
  return () => rmSync(path);
}

describe('a projector waits, says so and goes on, and its tables are those of a quiet run', () => {
  it.runIf(isMounted)('when the disk of Postgres is full', async () => {
    const server = await startServer('full', disk);
    const log = await openEngineLog();
    const projector = await project(log, server.url);
    await publishHeights(log, chain.slice(0, 5));
    await eventually(() => areAt(projector.status(), 5), '5');
    const empty = fillDisk();
    await publishHeights(log, chain.slice(5));
    await eventually(() => projector.states.some(isWaiting), 'waiting');
    expect(projector.states.find(isWaiting)?.message).toMatch(/No space left|could not|recovery/);
    empty();
    await eventually(() => isDone(projector.status()), 'all heights');
    expect(await hashesAt(server.url)).toEqual(expected);
  });

  it('when Postgres takes no writes for a while', async () => {
    const { url } = await startServer('read-only');
    const log = await openEngineLog();
    const projector = await project(log, url);
    await publishHeights(log, chain.slice(0, 30));
    await eventually(() => areAt(projector.status(), 30), '30');
    const setting = 'alter system set default_transaction_read_only =';
    await asked(url, `${setting} on`, 'select pg_reload_conf()');
    await publishHeights(log, chain.slice(30));
    await eventually(() => projector.states.some(isWaiting), 'waiting');
    const message = expect.stringMatching(/read-only transaction \(a standby, or .* DATABASE_URL/);
    expect(projector.states.find(isWaiting)).toMatchObject({ message });
    await expect(project(log, url)).rejects.toMatchObject({ code: 'readOnly', message });
    await asked(url, `${setting} off`, 'select pg_reload_conf()');
    await eventually(() => isDone(projector.status()), 'all heights');
    expect(await hashesAt(url)).toEqual(expected);
  });

  it('when Postgres is killed and started again', async () => {
    const first = await startServer('killed');
    const log = await openEngineLog();
    const projector = await project(log, first.url);
    await publishHeights(log, chain.slice(0, 30));
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await publishHeights(log, chain.slice(30));
    await eventually(() => projector.states.some(isWaiting), 'waiting');
    await first.stop();
    const second = await startServer('killed');
    expect(second.url).toBe(first.url);
    await eventually(() => isDone(projector.status()), 'all heights');
    expect(await hashesAt(second.url)).toEqual(expected);
  });

  it('when Postgres is killed and has forgotten what it had not yet on disk', async () => {
    const first = await startServer('forgetful');
    const log = await openEngineLog();
    const early = await project(log, first.url);
    await publishHeights(log, chain.slice(0, HEIGHTS - 5));
    await eventually(() => areAt(early.status(), HEIGHTS - 5), 'all but five');
    await keepFromDisk(first.url);
    await publishHeights(log, chain.slice(HEIGHTS - 5));
    await eventually(() => isDone(early.status()), 'all heights');
    await early.stop();
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await first.stop();
    const second = await startServer('forgetful');
    expect(Math.min(...(await heightsAt(second.url)))).toBeLessThan(HEIGHTS);
    const late = await project(log, second.url);
    await eventually(() => isDone(late.status()), 'all heights again');
    expect(await hashesAt(second.url)).toEqual(expected);
  });
});

it('a projector that starts at a standby says what that is, and what to do', async () => {
  const first = await startServer('standby');
  const pgdata = (await asked(first.url, 'show data_directory'))[0]?.rows[0]?.data_directory;
  await first.stop();
  writeFileSync(join(pgdata, 'standby.signal'), '');
  const { url } = await startServer('standby');
  const log = await openEngineLog();
  await expect(project(log, url)).rejects.toMatchObject({
    ...{ code: 'readOnly', retriable: true },
    message: expect.stringMatching(/^Postgres: cannot execute .*\(a standby, or .* DATABASE_URL/),
  });
});
