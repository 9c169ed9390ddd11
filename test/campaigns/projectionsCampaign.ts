import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { z } from 'zod';
import { loadConfig } from '../../infra/config/loadConfig.js';
import { count, flag } from '../../infra/config/optionTypes.js';
import { writeGenesis } from '../../infra/genesis/genesisFile.js';
import { createPool } from '../../infra/postgres/connection.js';
import { startEmbeddedPostgres } from '../../infra/postgres/embeddedPostgres.js';
import { freePort } from '../../infra/postgres/freePort.js';
import { openPostgresLog } from '../../infra/postgres/postgresLog.js';
import { type TableHash, tableHashes } from '../../infra/postgres/tableHashes.js';
import type { RoleMessage } from '../../infra/processes/role.js';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { PROJECTION_LEASE_MS } from '../../schemas/limits.js';
import type { LogRecord, LogWriter } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { playedChain, playedGenesis } from '../perf/playedChain.js';
import { heightRecords } from '../simulation/chainRecords.js';
import { createPrng, type Prng } from '../simulation/prng.js';
import { quietLog } from '../simulation/projectedChain.js';
import type { Campaign } from './campaign.js';

const configSchema = z.object({
  kills: count(100_000).default(20),
  seed: z.coerce.number().int().min(0).default(1),
  json: flag.default(false),
});

export interface ProjectionsCampaignResult {
  /** SIGKILLs of a projector that ran. */
  readonly kills: number;
  readonly heights: number;
  /** Heights that were visible when the last kill came: it was not all done before. */
  readonly heightAtLastKill: number;
  /** Tables whose rows differ from those of a run that nobody disturbed. */
  readonly different: readonly string[];
}

const WAIT_TIMEOUT_MS = 300_000;
/** The leases of the one that was killed run out first; and there may be nothing left to write. */
const MOVE_TIMEOUT_MS = 2 * PROJECTION_LEASE_MS;
/** Heights appended between two kills, at most. */
const BURST_MAX = 8;
const compiled = import.meta.url.includes('/dist/test/');
const PROGRAM = fileURLToPath(
  new URL(`${compiled ? '../..' : '../../dist'}/infra/processes/nullspace.js`, import.meta.url),
);
const keys = genesisEpoch(playedGenesis, 0);
const topics = topicNames(keys.chainId);

/** `nullspace projector` as a process that is killed and comes back. */
class OwnProjector {
  readonly #folder: string;
  readonly #databaseUrl: string;
  #child: ChildProcess | null = null;

  constructor(folder: string, databaseUrl: string) {
    this.#folder = folder;
    this.#databaseUrl = databaseUrl;
  }

  /** Starts it; resolves when it says that it is ready, or has ended. */
  async start(): Promise<void> {
    const log = openSync(join(this.#folder, 'projector.log'), 'a');
    const argv = [
      'projector',
      '--genesis',
      join(this.#folder, 'genesis.json'),
      '--log',
      'postgres',
    ];
    const child = fork(PROGRAM, [...argv, '--port', String(await freePort())], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, DATABASE_URL: this.#databaseUrl },
    });
    closeSync(log);
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => resolve());
      child.on('message', (message: RoleMessage) => {
        if (message.kind === 'ready') resolve();
        else reject(new Error(`the projector cannot start: ${message.message}`));
      });
    });
  }

  /** False when it had ended by itself. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<boolean> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return false;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return true;
  }
}

function openPool(url: string): pg.Pool {
  return createPool({ url, applicationName: 'campaign', log: quietLog, max: 2 });
}

async function visibleHeight(pool: pg.Pool): Promise<number> {
  const made = await pool.query('select to_regclass($1) is not null as made', [
    `${VIEW_SCHEMA}.visible_height`,
  ]);
  if (made.rows[0]?.made !== true) return 0;
  const { rows } = await pool.query(`select height from ${VIEW_SCHEMA}.visible_height`);
  return Number(rows[0]?.height ?? 0);
}

async function untilVisible(pool: pg.Pool, height: number): Promise<void> {
  const deadline = performance.now() + WAIT_TIMEOUT_MS;
  while ((await visibleHeight(pool)) < height) {
    if (performance.now() > deadline) throw new Error(`height ${height} did not become visible`);
    await sleep(50);
  }
}

/**
 * Until a transaction was written, so that the kill comes between two or into the next; or until
 * there is nothing to write.
 */
async function untilMoved(pool: pg.Pool, written: () => number): Promise<void> {
  const sum = async (): Promise<string | null> => {
    if ((await visibleHeight(pool)) === 0) return null;
    const { rows } = await pool.query(`select sum(height) as sum from ${VIEW_SCHEMA}.checkpoints`);
    return rows[0]?.sum ?? null;
  };
  const before = await sum();
  const deadline = performance.now() + MOVE_TIMEOUT_MS;
  while ((await sum()) === before && performance.now() < deadline) {
    if ((await visibleHeight(pool)) === written()) return;
    await sleep(10);
  }
}

/** Appends some heights, at once or one after the other, as a publisher in trouble does. */
async function appendSome(
  writer: LogWriter,
  chain: AsyncIterator<readonly LogRecord[]>,
  prng: Prng,
  onAppended: () => void,
): Promise<void> {
  const wanted = 1 + prng.below(BURST_MAX);
  const isBurst = prng.chance(0.5);
  for (let appended = 0; appended < wanted; appended++) {
    const { value, done } = await chain.next();
    if (done === true) return;
    await writer.append(value);
    onAppended();
    if (!isBurst) await sleep(prng.between(0, 60));
  }
}

async function* records(heights: number): AsyncGenerator<readonly LogRecord[]> {
  const options = { heights, commandsPerBlock: 150, players: 300, seed: 3 };
  for await (const height of playedChain(options)) yield heightRecords(height, topics);
}

/** Kills a projector again and again while the log grows, then compares with one left alone. */
export async function runProjectionsCampaign(
  options: { readonly kills: number; readonly seed: number },
  say: (line: string) => void,
): Promise<ProjectionsCampaignResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-campaign-'));
  const publicDir = `${dataDir}-public`;
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  const pool = openPool(server.url);
  const log = await openPostgresLog({ url: server.url, log: quietLog });
  const projector = new OwnProjector(dataDir, server.url);
  try {
    writeGenesis(join(dataDir, 'genesis.json'), playedGenesis);
    const { shards, eventPartitions } = playedGenesis;
    await log.ensureTopics(topicManifest(keys.chainId, shards, eventPartitions));
    const writer = await log.openWriter('campaign');
    const chain = records(options.kills * BURST_MAX);
    const prng = createPrng(options.seed);
    let heights = 0;
    let kills = 0;
    let heightAtLastKill = 0;
    while (kills < options.kills) {
      const appending = appendSome(writer, chain, prng, () => {
        heights += 1;
      });
      const isEarly = prng.chance(0.25);
      const starting = projector.start();
      await (isEarly ? sleep(prng.between(50, 900)) : starting);
      if (prng.chance(0.7)) await untilMoved(pool, () => heights);
      // Mostly into the first transactions; some get so far that the slowest source moves too.
      await sleep(prng.between(0, prng.chance(0.3) ? 3_000 : 400));
      heightAtLastKill = await visibleHeight(pool);
      if (await projector.end('SIGKILL')) kills += 1;
      await starting;
      await appending;
      say(`kill ${kills} at height ${heightAtLastKill} of ${heights}`);
    }
    await chain.return(undefined);
    await projector.start();
    await untilVisible(pool, heights);
    await projector.end('SIGTERM');
    say('comparing with a projector that is left alone');
    const disturbed = await tableHashes(pool);
    const clean = await cleanHashes(dataDir, server.url, pool, heights);
    const different = disturbed
      .filter(({ sha256 }, index) => clean[index]?.sha256 !== sha256)
      .map(({ table }) => table);
    return { kills, heights, heightAtLastKill, different };
  } finally {
    await projector.end('SIGKILL');
    await log.close();
    await pool.end();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(publicDir, { recursive: true, force: true });
  }
}

/** A copy of the log in a database of its own, folded from its beginning without a stop. */
async function cleanHashes(
  folder: string,
  serverUrl: string,
  admin: pg.Pool,
  heights: number,
): Promise<readonly TableHash[]> {
  await admin.query('create database clean');
  const url = new URL(serverUrl);
  url.pathname = '/clean';
  const log = await openPostgresLog({ url: url.href, log: quietLog });
  const pool = openPool(url.href);
  const projector = new OwnProjector(folder, url.href);
  try {
    const { shards, eventPartitions } = playedGenesis;
    await log.ensureTopics(topicManifest(keys.chainId, shards, eventPartitions));
    const writer = await log.openWriter('campaign');
    for await (const height of records(heights)) await writer.append(height);
    await projector.start();
    await untilVisible(pool, heights);
    return await tableHashes(pool);
  } finally {
    await projector.end('SIGTERM');
    await log.close();
    await pool.end();
  }
}

export const projectionsCampaign: Campaign = {
  about: 'kill a projector at random while the log grows; then its tables equal a clean run',
  usage: '--kills N --seed S',
  async run(args, say) {
    const result = await runProjectionsCampaign(loadConfig(configSchema, args, {}), say);
    const { kills, heights, different } = result;
    const equal = different.length === 0;
    if (!equal) say(`different: ${different.join(', ')}`);
    return { report: { kills, heights, equal }, ok: equal };
  },
};
