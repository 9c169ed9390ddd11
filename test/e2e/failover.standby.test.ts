import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { areTablesOf } from '../../infra/http/areTablesOf.js';
import { openReadDatabases, type ReadDatabases } from '../../infra/http/readDatabases.js';
import { createReadServer } from '../../infra/http/readServer.js';
import { createPool } from '../../infra/postgres/connection.js';
import { readPostmaster, stopPostmaster } from '../../infra/postgres/postmaster.js';
import { openProjectionStore } from '../../infra/postgres/projectionStore.js';
import { type CreatedStandby, createStandby } from '../../infra/postgres/standby/createStandby.js';
import { promoteStandby } from '../../infra/postgres/standby/promoteStandby.js';
import { readServerStatus } from '../../infra/postgres/standby/standbyStatus.js';
import { type TableHash, tableHashes } from '../../infra/postgres/tableHashes.js';
import { wallTimer } from '../../infra/projections/wallTimer.js';
import { createMetrics } from '../../infra/telemetry/metrics.js';
import type { Projector } from '../../projections/runner/projector.js';
import { blockDigest } from '../../schemas/crypto/digests.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Log } from '../../schemas/log.js';
import { openTcpProxy, type TcpProxy } from '../contracts/tcpProxy.js';
import { engineChain, engineGenesis, engineKeys } from '../simulation/engineChain.js';
import { openEngineLog, projectEngineLog, publishHeights } from '../simulation/engineLog.js';
import { type PrimaryServer, startPrimary } from '../simulation/primaryServer.js';
import { quietLog } from '../simulation/projectedChain.js';
import { createDatabase } from './cleanFold.js';
import { eventually } from './nullspaceProgram.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });
const FIRST_HEIGHTS = 500;
const HEIGHTS = 650;
const PUBLISH_MS = 25;
const PROBE_MS = 20;
/** What the readers' rule allows (REPLICAS.md), and as much again for a machine at its limit. */
const UNAVAILABLE_MS = 5_000 + 5_000;
const chain = engineChain({ heights: HEIGHTS, commands: 6, seed: 23 });
const digests = chain.map(({ certified }) => toHex(blockDigest(certified.block.header)));
const folder = mkdtempSync(join(tmpdir(), 'nullspace-failover-'));
const publicDir = `${folder}-public`;

let primary: PrimaryServer;
let log: Log;
/** What the standby streams through, and what clients take for "the database". */
let wire: TcpProxy;
let virtual: TcpProxy;
let virtualPort: number;
const opened: (() => Promise<unknown>)[] = [];
const standbys: CreatedStandby[] = [];

beforeAll(async () => {
  primary = await startPrimary(join(folder, 'primary'), publicDir);
  virtualPort = Number(new URL(primary.url).port);
  wire = await openTcpProxy(0, () => Number(new URL(primary.url).port));
  virtual = await openTcpProxy(0, () => virtualPort);
  log = await openEngineLog();
});
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});
afterAll(async () => {
  await Promise.all([wire.close(), virtual.close()]);
  await primary.remove();
  for (const { pgdata } of standbys) await stopPostmaster(pgdata);
  for (const each of [folder, publicDir]) rmSync(each, { recursive: true, force: true });
});

function through(url: string, port: number): string {
  const other = new URL(url);
  other.port = String(port);
  return other.href;
}

async function project(url: string, owner: string): Promise<Projector> {
  const store = await openProjectionStore({ url, genesis: engineGenesis, log: quietLog });
  const projector = projectEngineLog(log, { store, owner, timer: wallTimer });
  opened.push(async () => {
    await projector.stop();
    await store.close();
  });
  return projector;
}

async function standbyOf(primaryUrl: string, name: string): Promise<CreatedStandby> {
  const made = await createStandby({
    ...{ primaryUrl, dataDir: join(folder, name), name, publicDir, log: quietLog },
    ...{ host: '127.0.0.1', port: null, slotWalKeepMegabytes: 512, backupTimeoutMs: 60_000 },
    say: () => {},
  });
  standbys.push(made);
  return made;
}

interface Probe {
  readonly atMs: number;
  readonly status: number;
  readonly visibleHeight: number;
}

interface ProbedReader {
  readonly databases: ReadDatabases;
  readonly server: FastifyInstance;
  readonly probes: Probe[];
}

/** A reader that is asked all the time, and whose every answer is compared with the chain. */
async function readFrom(
  databases: readonly { name: string; url: string }[],
): Promise<ProbedReader> {
  const metrics = createMetrics('reader');
  const all = await openReadDatabases({
    ...{ databases, applicationName: 'reader', shard: 0, wakeups: null, metrics, log: quietLog },
    areOurs: (sql) => areTablesOf(engineKeys.chainId, 0, sql),
  });
  const server = await createReadServer({
    ...{ sql: all.sql, heights: all.heights, states: { read: async () => null }, metrics },
    ...{ genesis: engineGenesis, keys: engineKeys, shard: 0, log: quietLog, page: null },
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 0 }),
  });
  const probes: Probe[] = [];
  const probe = async (): Promise<void> => {
    const response = await server.inject({ method: 'GET', url: '/explorer/blocks?limit=3' });
    const { statusCode: status } = response;
    const body = status === 200 ? response.json() : {};
    const { visibleHeight = 0, items = [] } = body;
    probes.push({ atMs: performance.now(), status, visibleHeight });
    if (status !== 200) return;
    const found = items.map((item: { height: number; digest: string }) => [
      item.height,
      item.digest,
    ]);
    const newest = Array.from({ length: Math.min(3, visibleHeight) }, (_, back) => {
      return [visibleHeight - back, digests[visibleHeight - back - 1]];
    });
    expect(found).toEqual(newest);
  };
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      await probe();
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
  })();
  probing.catch(() => {}); // thrown when it is awaited
  opened.push(async () => {
    isOver = true;
    await probing;
    await server.close();
    await all.close();
  });
  return { databases: all, server, probes };
}

async function hashes(url: string): Promise<readonly TableHash[]> {
  const pool = createPool({ url, applicationName: 'hashes', log: quietLog, max: 1 });
  try {
    return await tableHashes(pool);
  } finally {
    await pool.end();
  }
}

async function visibleHeight(url: string): Promise<number> {
  return (await readServerStatus(url, quietLog)).visibleHeight ?? 0;
}

const shown = ({ databases }: ProbedReader): number => databases.heights.current().height;

const failures = ({ probes }: ProbedReader): Probe[] =>
  probes.filter(({ status }) => status !== 200);

/** Row for row what a projector makes of the same log that nothing happened to. */
async function expectCleanTables(urls: readonly string[], height: number): Promise<void> {
  const clean = await createDatabase(urls[0]!, `clean_${height}`);
  await project(clean, 'clean');
  await eventually(async () => (await visibleHeight(clean)) === height, 'the clean run is over');
  const expected = await hashes(clean);
  expect(expected.every(({ rows }) => rows > 0)).toBe(true);
  for (const url of urls) {
    await eventually(async () => (await visibleHeight(url)) === height, 'it has all');
    expect(await hashes(url)).toEqual(expected);
  }
}

function expectRising({ probes }: ProbedReader): void {
  const heights = probes.map(({ visibleHeight: each }) => each);
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
}

it('a lagging standby takes the place of a killed primary: only folding is repeated', async () => {
  const publishing = publishHeights(log, chain.slice(0, FIRST_HEIGHTS), PUBLISH_MS);
  const zombie = await project(through(primary.url, virtual.port), 'zombie');
  await eventually(async () => (await visibleHeight(primary.url)) > 10, 'the primary has heights');
  const standby = await standbyOf(through(primary.url, wire.port), 'standby-0');
  const near = { name: 'standby', url: standby.url };
  const alone = await readFrom([near]);
  const both = await readFrom([{ name: 'primary', url: primary.url }, near]);
  await eventually(() => both.databases.status().every(({ inUse }) => inUse), 'both are in use');
  const before = await visibleHeight(primary.url);
  expect(await alone.databases.heights.waitFor(before, 10_000)).toBe('visible');
  await expect(project(standby.url, 'misled')).rejects.toThrow('read-only');

  // The standby hears nothing more; its primary goes on, and is killed.
  wire.stall();
  await eventually(() => shown(both) > shown(alone) + 20, 'the standby lags and is left out');
  const killedAtMs = performance.now();
  const killedHeight = shown(both);
  primary.kill();
  wire.breakAll();
  await eventually(() => both.probes.at(-1)?.status === 503, 'what was shown is nowhere');
  const promotion = { standbyUrl: standby.url, oldPrimaryUrl: primary.url, log: quietLog };
  const { promoted, visibleHeight: promotedHeight } = await promoteStandby(promotion);
  expect(promoted).toBe(true);
  expect(promotedHeight).toBeLessThan(killedHeight);

  // Whoever knew the old primary by its name meets the new one, with less than it remembers.
  virtualPort = standby.port;
  virtual.breakAll();
  await project(standby.url, 'successor');
  await eventually(() => shown(both) > killedHeight, 'the reader is beyond where it was');
  await primary.start();
  await publishing;
  const all = (reader: ProbedReader): boolean => shown(reader) === FIRST_HEIGHTS;
  await eventually(() => [alone, both].every(all), 'both readers show all heights');
  expect(zombie.status().state).not.toBe('halted');
  expect(both.databases.status()).toMatchObject([
    { database: 'primary', inUse: false },
    { database: 'standby', inUse: true, visibleHeight: FIRST_HEIGHTS },
  ]);
  const next = await standbyOf(standby.url, 'standby-1');
  await expectCleanTables([standby.url, next.url], FIRST_HEIGHTS);
  expect(failures(alone)).toEqual([]);
  expectRising(alone);
  for (const { atMs, status } of failures(both)) {
    expect(status).toBe(503);
    expect(atMs).toBeGreaterThan(killedAtMs);
    expect(atMs).toBeLessThan(killedAtMs + UNAVAILABLE_MS);
  }
});

it('a standby in step takes its place without a reader that fails or goes back', async () => {
  const [old, heir] = standbys as [CreatedStandby, CreatedStandby];
  const publishing = publishHeights(log, chain.slice(FIRST_HEIGHTS), PUBLISH_MS);
  await project(old.url, 'before');
  const databases = [old, heir].map(({ url, slot }) => ({ name: slot, url }));
  const reader = await readFrom(databases);
  const areInUse = (): boolean => reader.databases.status().every(({ inUse }) => inUse);
  await eventually(() => areInUse() && shown(reader) > FIRST_HEIGHTS + 10, 'both go on');
  process.kill(readPostmaster(old.pgdata)!.pid, 'SIGKILL');
  await promoteStandby({ standbyUrl: heir.url, oldPrimaryUrl: old.url, log: quietLog });
  await project(heir.url, 'after');
  await publishing;
  await eventually(() => shown(reader) === HEIGHTS, 'all heights are folded');
  await expectCleanTables([heir.url], HEIGHTS);
  expect(failures(reader)).toEqual([]);
  expectRising(reader);
});
