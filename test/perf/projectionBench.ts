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
import { listGenerations } from '../../infra/postgres/generations.js';
import { openPostgresLog } from '../../infra/postgres/postgresLog.js';
import { tableHashes } from '../../infra/postgres/tableHashes.js';
import { nodeArgsOf } from '../../infra/processes/nodeArgs.js';
import { BLOCKS_PARTITION } from '../../projections/ports.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { topicManifest } from '../../schemas/topics.js';
import { quietLog } from '../simulation/projectedChain.js';
import { chainLog } from './chainFile.js';
import { type Bench, besides, figure, type Measure } from './measure.js';
import { type PlayedChainOptions, playedGenesis } from './playedChain.js';
import type { ChildMessage, ChildTask } from './projectingChild.js';
import { serverCpuMs } from './serverCpu.js';

const CHILD = fileURLToPath(new URL('./projectingChild.js', import.meta.url));
const COMMANDS_DEFAULT = 200_000;
const COMMANDS_PER_BLOCK = 1_000;

/** What a run took: on the clock, and of processors in the projectors and in the server. */
interface Run {
  readonly wallMs: number;
  readonly ownCpuMs: number;
  readonly serverCpuMs: number;
}

interface Bed {
  readonly server: EmbeddedPostgres;
  readonly admin: pg.Pool;
  readonly chain: PlayedChainOptions;
}

function databaseUrl(bed: Bed, name: string): string {
  const url = new URL(bed.server.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function publishChain(bed: Bed, say: (line: string) => void): Promise<void> {
  const log = await openPostgresLog({ url: bed.server.url, log: quietLog });
  const { shards, eventPartitions } = playedGenesis;
  const { chainId } = genesisEpoch(playedGenesis, 0);
  await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
  const writer = await log.openWriter('bench');
  for await (const records of chainLog(bed.chain, say)) await writer.append(records);
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
async function run(
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
    const serverMs = serverCpuMs(bed.server.pid) - serverBefore;
    const results = ends.filter((end) => end.kind === 'done');
    return {
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
function benchPool(url: string): pg.Pool {
  return createPool({ url, applicationName: 'bench', log: quietLog, max: 1 });
}

async function hashesOf(bed: Bed, database: string): Promise<string> {
  const pool = benchPool(databaseUrl(bed, database));
  try {
    const [generation] = await listGenerations(pool);
    return JSON.stringify(await tableHashes(pool, generation?.schema));
  } finally {
    await pool.end();
  }
}

function halves(): [number[], number[]] {
  const all = [BLOCKS_PARTITION, ...Array.from({ length: playedGenesis.eventPartitions }).keys()];
  const even = all.filter((partition) => partition % 2 === 0);
  return [all.filter((partition) => !even.includes(partition)), even];
}

async function measure(bed: Bed, say: (line: string) => void): Promise<readonly Measure[]> {
  const all = [{ kind: 'projector', partitions: null }] as const;
  const [first, second] = halves();
  say('bare COPY and upserts of the rows');
  const bare = await run(bed, 'bare', [{ kind: 'bare', partitions: null }]);
  say('one projector');
  const one = await run(bed, 'one', all);
  say('two projectors');
  const two = await run(bed, 'two', [
    { kind: 'projector', partitions: first },
    { kind: 'projector', partitions: second },
  ]);
  say('bare COPY without indexes, and a rebuild');
  const bareRebuild = await run(bed, 'bare_rebuild', [{ kind: 'bareRebuild', partitions: null }]);
  const rebuild = await run(bed, 'rebuild', [{ kind: 'rebuild', partitions: null }]);
  say('comparing the tables');
  const hashes = [];
  const databases = ['bare', 'one', 'two', 'bare_rebuild', 'rebuild'];
  for (const database of databases) hashes.push(await hashesOf(bed, database));
  if (new Set(hashes).size !== 1) throw new Error(`tables differ: ${hashes.join('\n')}`);
  const commands = bed.chain.heights * bed.chain.commandsPerBlock;
  const rate = ({ wallMs }: Run): number => (commands * 1000) / wallMs;
  const cost = (ms: number): number => (ms * 1000) / commands;
  const total = ({ ownCpuMs, serverCpuMs: serverMs }: Run): number => cost(ownCpuMs + serverMs);
  const busier = (each: Run): number => cost(Math.max(each.ownCpuMs, each.serverCpuMs));
  const bareName = 'bare loop';
  return [
    besides('catch-up with live indexes', rate(one), 'commands/s', bareName, rate(bare)),
    besides(
      'catch-up, processor time of the busier side',
      busier(one),
      'us/command',
      bareName,
      busier(bare),
    ),
    figure('catch-up, processor time of the projector', cost(one.ownCpuMs), 'us/command'),
    besides(
      'catch-up, processor time of Postgres',
      cost(one.serverCpuMs),
      'us/command',
      bareName,
      cost(bare.serverCpuMs),
    ),
    besides('two projectors', rate(two), 'commands/s', 'one projector', rate(one)),
    besides(
      'two projectors, processor time in all',
      total(two),
      'us/command',
      'one projector',
      total(one),
    ),
    besides('rebuild, with its indexes', rate(rebuild), 'commands/s', bareName, rate(bareRebuild)),
    besides(
      'rebuild, processor time of the busier side',
      busier(rebuild),
      'us/command',
      bareName,
      busier(bareRebuild),
    ),
  ];
}

function commandsOf(args: readonly string[]): number {
  const at = args.indexOf('--commands');
  if (at === -1) return COMMANDS_DEFAULT;
  const commands = Number(args[at + 1]);
  if (Number.isSafeInteger(commands) && commands >= COMMANDS_PER_BLOCK) return commands;
  throw new Error(`--commands: expected a number from ${COMMANDS_PER_BLOCK} on`);
}

/** How fast a log of real blocks becomes tables, beside a loop that only writes the same rows. */
export const projectionBench: Bench = {
  about: 'catch-up of the projector over a log of real play, beside bare COPY of the same rows',
  usage: '[--commands N] (default 200000; the first run plays them and keeps the log)',
  async run(args, say) {
    const chain = {
      heights: Math.ceil(commandsOf(args) / COMMANDS_PER_BLOCK),
      commandsPerBlock: COMMANDS_PER_BLOCK,
      players: 10_000,
      seed: 1,
    };
    const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-bench-projection-'));
    const publicDir = `${dataDir}-public`;
    const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
    const admin = benchPool(server.url);
    try {
      const bed = { server, admin, chain };
      await publishChain(bed, say);
      return await measure(bed, say);
    } finally {
      await admin.end();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
      rmSync(publicDir, { recursive: true, force: true });
    }
  },
};
