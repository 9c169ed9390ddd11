import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { createPool } from '../../infra/postgres/connection.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../infra/postgres/embeddedPostgres.js';
import { openPostgresLog } from '../../infra/postgres/postgresLog.js';
import { nodeArgsOf } from '../../infra/processes/nodeArgs.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { LogRecord } from '../../schemas/log.js';
import { topicManifest } from '../../schemas/topics.js';
import { quietLog } from '../simulation/projectedChain.js';
import { type PlayedChainOptions, playedGenesis } from './playedChain.js';
import type { ChildMessage, ChildTask } from './projectingChild.js';
import { serverCpuMs } from './serverCpu.js';

const CHILD = fileURLToPath(new URL('./projectingChild.js', import.meta.url));

/** What a run took: on the clock, and of processors in the projectors and in the server. */
export interface Run {
  /** From the first process' start. */
  readonly sinceStartMs: number;
  /** From when all of them were ready. */
  readonly wallMs: number;
  readonly ownCpuMs: number;
  readonly serverCpuMs: number;
}

/** One server for the log and for all tables, each run's in a database of its own. */
export interface Bed {
  readonly server: EmbeddedPostgres;
  readonly admin: pg.Pool;
  readonly chain: PlayedChainOptions;
}

export function databaseUrl(bed: Bed, name: string): string {
  const url = new URL(bed.server.url);
  url.pathname = `/${name}`;
  return url.href;
}

export async function publishChain(
  bed: Bed,
  heights: AsyncIterable<readonly LogRecord[]> | Iterable<readonly LogRecord[]>,
): Promise<void> {
  const log = await openPostgresLog({ url: bed.server.url, log: quietLog });
  const { shards, eventPartitions } = playedGenesis;
  const { chainId } = genesisEpoch(playedGenesis, 0);
  await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
  const writer = await log.openWriter('bench');
  for await (const records of heights) await writer.append(records);
  await log.close();
}

function messageOf(child: ChildProcess, kind: ChildMessage['kind']): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.kind === kind) resolve(message);
    });
    child.once('exit', (code) => reject(new Error(`a projector ended with ${code}`)));
  });
}

/** Runs children on a database of their own, from empty tables to the last height. */
export async function runChildren(
  bed: Bed,
  database: string,
  tasks: readonly Pick<ChildTask, 'kind' | 'partitions'>[],
): Promise<Run> {
  await bed.admin.query(`create database ${database}`);
  await bed.admin.query('checkpoint');
  const common = {
    logUrl: bed.server.url,
    tablesUrl: databaseUrl(bed, database),
    chain: bed.chain,
  };
  const startMs = performance.now();
  // The bare loop too: what is given to a projector is nothing that beats it.
  const children = tasks.map(() =>
    fork(CHILD, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [...nodeArgsOf('projector')],
    }),
  );
  try {
    for (const [index, child] of children.entries()) {
      const ready = messageOf(child, 'ready');
      child.send({ ...common, ...tasks[index] });
      await ready;
    }
    const serverBefore = serverCpuMs(bed.server.pid);
    const done = children.map((child) => messageOf(child, 'done'));
    for (const child of children) child.send('go');
    const ends = await Promise.all(done);
    const sinceStartMs = performance.now() - startMs;
    const serverMs = serverCpuMs(bed.server.pid) - serverBefore;
    const results = ends.filter((end) => end.kind === 'done');
    return {
      sinceStartMs,
      wallMs: Math.max(...results.map(({ wallMs }) => wallMs)),
      ownCpuMs: results.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      serverCpuMs: serverMs,
    };
  } finally {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  }
}

/** One that outlives a connection which breaks while nobody uses it. */
export function benchPool(url: string): pg.Pool {
  return createPool({ url, applicationName: 'bench', log: quietLog, max: 1 });
}

/** Hands `use` a server of its own, and removes all that was in it. */
export async function withBed<T>(
  chain: PlayedChainOptions,
  use: (bed: Bed) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-bench-projection-'));
  const publicDir = `${dataDir}-public`;
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  const admin = benchPool(server.url);
  try {
    return await use({ server, admin, chain });
  } finally {
    await admin.end();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(publicDir, { recursive: true, force: true });
  }
}
