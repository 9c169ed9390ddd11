import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { writeGenesis } from '../../../infra/genesis/genesisFile.js';
import { startKafka } from '../../../infra/kafka/kafkaRuntime.js';
import { type LogConfig, openLog } from '../../../infra/log/openLog.js';
import { connectClient } from '../../../infra/postgres/connection.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { startRedis } from '../../../infra/wakeups/redisRuntime.js';
import { VISIBLE_CHANNEL } from '../../../projections/readModels.js';
import { genesisEpoch } from '../../../schemas/crypto/epochKeys.js';
import { present } from '../../../schemas/kernel/assert.js';
import { PROJECTION_READ_BYTES_MAX } from '../../../schemas/limits.js';
import type { Log, LogRecord, LogWriter } from '../../../schemas/log.js';
import { topicManifest, topicNames } from '../../../schemas/topics.js';
import { heightRecords } from '../../simulation/chainRecords.js';
import { createPrng } from '../../simulation/prng.js';
import { quietLog } from '../../simulation/projectedChain.js';
import {
  type Bench,
  besides,
  figure,
  type Measure,
  numberOption,
  OptionError,
  percentile,
} from '../measure.js';
import { playedChain, playedGenesis } from '../playedChain.js';
import { serverCpuMs } from '../serverCpu.js';
import { type OwnRole, OwnRoles } from './ownRoles.js';

const PLAYERS = 500;
/** Heights that are not measured: plans are made, code is compiled. */
const WARM_UP = 40;
const PAUSE_MS = { min: 100, max: 300 } as const;
const HEIGHT_TIMEOUT_MS = 30_000;

const keys = genesisEpoch(playedGenesis, 0);
const topics = topicNames(keys.chainId);

/** When each height was seen, and who waits for one. */
class Seen {
  readonly atMs = new Map<number, number>();
  readonly #waiting = new Map<number, () => void>();

  mark(height: number): void {
    if (this.atMs.has(height)) return;
    this.atMs.set(height, performance.now());
    this.#waiting.get(height)?.();
  }

  async until(height: number): Promise<void> {
    if (this.atMs.has(height)) return;
    const seen = new Promise<boolean>((resolve) => this.#waiting.set(height, () => resolve(true)));
    const late = sleep(HEIGHT_TIMEOUT_MS, false, { ref: false });
    if (!(await Promise.race([seen, late]))) throw new Error(`height ${height} did not come`);
  }
}

/** A client of the live feed, from a height on. */
async function followFeed(url: string, from: number, seen: Seen): Promise<WebSocket> {
  const feed = `${url.replace('http', 'ws')}/feed?from=${from}&topics=blocks,commands`;
  const socket = new WebSocket(feed);
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as {
      readonly type: string;
      readonly block?: { readonly height: number };
    };
    if (message.type === 'block' && message.block !== undefined) seen.mark(message.block.height);
  });
  await once(socket, 'open');
  return socket;
}

/** What stands beside the feed: a reader of the log that only waits for a height's records. */
async function followLog(log: Log, recordsOf: readonly number[], seen: Seen): Promise<() => void> {
  const { eventPartitions } = playedGenesis;
  const partitions = [
    { topic: topics.blocks, partition: 0, fromOffset: 0n },
    ...Array.from({ length: eventPartitions }, (_, partition) => ({
      ...{ topic: topics.events, partition, fromOffset: 0n },
    })),
  ];
  const subscription = await log.reader.subscribe({
    partitions,
    maxBatchBytes: PROJECTION_READ_BYTES_MAX,
  });
  const follow = async (): Promise<void> => {
    let height = 1;
    let records = 0;
    for await (const batch of subscription.batches) {
      records += batch.records.length;
      for (; records >= (recordsOf[height] ?? Number.POSITIVE_INFINITY); height++) {
        records -= recordsOf[height] ?? 0;
        seen.mark(height);
      }
    }
  };
  void follow();
  return () => void subscription.close();
}

/** When tables and checkpoints are committed: the rest is the reader's. */
async function followTables(databaseUrl: string, seen: Seen): Promise<() => Promise<void>> {
  const connection = { url: databaseUrl, applicationName: 'bench', log: quietLog };
  const client = await connectClient(connection);
  client.on('notification', ({ payload }) => seen.mark(Number(payload)));
  await client.query(`listen ${VISIBLE_CHANNEL}`);
  return () => client.end();
}

type Wakeups = 'listen' | 'poll' | 'log' | 'redis';

/** What is measured of the heights that one reader told of. */
interface Samples {
  readonly feedMs: number[];
  readonly bareMs: number[];
  readonly tablesMs: number[];
}

/** What all readers of a run share. */
interface World {
  readonly log: Log;
  readonly writer: LogWriter;
  readonly chain: readonly (readonly LogRecord[])[];
  readonly bare: Seen;
  readonly tables: Seen;
  readonly say: (line: string) => void;
}

/** Writes heights from `first` on, one after the other, until each is seen everywhere. */
async function tellHeights(
  { writer, chain, bare, tables, say }: World,
  { first, count }: { readonly first: number; readonly count: number },
  feed: Seen,
): Promise<Samples> {
  const prng = createPrng(first);
  const samples: Samples = { feedMs: [], bareMs: [], tablesMs: [] };
  for (let height = first; height < first + count; height++) {
    await sleep(prng.between(PAUSE_MS.min, PAUSE_MS.max));
    await writer.append(present(chain[height - 1], 'a height'));
    const acknowledgedMs = performance.now();
    await Promise.all([feed, bare, tables].map((seen) => seen.until(height)));
    if (height < first + WARM_UP) continue;
    // A reader may have it before the writer knows.
    const since = (seen: Seen): number =>
      Math.max(0, (seen.atMs.get(height) ?? Number.NaN) - acknowledgedMs);
    samples.feedMs.push(since(feed));
    samples.bareMs.push(since(bare));
    samples.tablesMs.push(since(tables));
    if (height % 20 === 0) say(`height ${height} of ${chain.length}`);
  }
  return samples;
}

function measuresOf(
  wakeups: Wakeups,
  { feedMs, bareMs, tablesMs }: Samples,
  readerMs: number,
): readonly Measure[] {
  const latencies = [0.5, 0.99].flatMap((share) => {
    const other = percentile(bareMs, share);
    const beside = (what: string, samples: readonly number[]): Measure =>
      besides(`${what}, p${share * 100}`, percentile(samples, share), 'ms', 'log reader', other);
    return [
      beside(`append acknowledged to frame received, ${wakeups}`, feedMs),
      beside('append acknowledged to tables committed', tablesMs),
    ];
  });
  return [
    ...latencies,
    figure(`processor time of the reader a height, ${wakeups}`, readerMs, 'ms'),
  ];
}

/** Readers with each kind of wake-ups, one after the other, on one log and projector. */
async function measure(
  world: World,
  kinds: readonly Wakeups[],
  startReader: (wakeups: Wakeups) => Promise<OwnRole>,
): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  const count = world.chain.length / kinds.length;
  for (const [index, wakeups] of kinds.entries()) {
    const first = index * count + 1;
    const reader = await startReader(wakeups);
    const feed = new Seen();
    const socket = await followFeed(reader.url, first, feed);
    const beforeMs = serverCpuMs(reader.pid);
    const samples = await tellHeights(world, { first, count }, feed);
    const readerMs = (serverCpuMs(reader.pid) - beforeMs) / count;
    socket.close();
    await reader.stop();
    measures.push(...measuresOf(wakeups, samples, readerMs));
  }
  return measures;
}

async function playRecords(
  heights: number,
  commandsPerBlock: number,
): Promise<readonly (readonly LogRecord[])[]> {
  const chain: (readonly LogRecord[])[] = [];
  const played = { commandsPerBlock, players: PLAYERS, seed: 3 };
  for await (const height of playedChain({ heights, ...played })) {
    chain.push(heightRecords(height, topics));
  }
  return chain;
}

interface Options {
  readonly heights: number;
  readonly commandsPerBlock: number;
  readonly log: 'postgres' | 'kafka';
  readonly wakeups: readonly Wakeups[];
}

async function runOn(
  config: LogConfig & { readonly databaseUrl: string },
  folder: string,
  { heights, commandsPerBlock, wakeups }: Options,
  redisUrl: string | null,
  say: (line: string) => void,
): Promise<readonly Measure[]> {
  say('playing');
  const chain = await playRecords((WARM_UP + heights) * wakeups.length, commandsPerBlock);
  const log = await openLog(config, quietLog);
  const roles = new OwnRoles(folder);
  const { databaseUrl } = config;
  try {
    const { shards, eventPartitions } = playedGenesis;
    await log.ensureTopics(topicManifest(keys.chainId, shards, eventPartitions));
    const genesisPath = join(folder, 'genesis.json');
    writeGenesis(genesisPath, playedGenesis);
    const brokers = config.log === 'kafka' ? ['--kafka-brokers', config.kafkaBrokers.join()] : [];
    const redis = redisUrl === null ? [] : ['--redis-url', redisUrl];
    const argv = ['--genesis', genesisPath, '--log', config.log, ...brokers, ...redis];
    await roles.start('projector', argv, databaseUrl);
    const [bare, tables] = [new Seen(), new Seen()];
    const stopListening = await followTables(databaseUrl, tables);
    const stopFollowing = await followLog(log, [0, ...chain.map(({ length }) => length)], bare);
    const writer = await log.openWriter('bench');
    const measures = await measure({ log, writer, chain, bare, tables, say }, wakeups, (kind) =>
      roles.start('reader', [...argv, '--wakeups', kind], databaseUrl),
    );
    stopFollowing();
    await stopListening();
    return measures;
  } finally {
    await roles.stop();
    await log.close();
  }
}

const KINDS: readonly Wakeups[] = ['listen', 'poll', 'log', 'redis'];

function parse(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      heights: { type: 'string', default: '200' },
      commands: { type: 'string', default: '100' },
      log: { type: 'string', default: 'postgres' },
      wakeups: { type: 'string', default: 'listen' },
    },
  });
  const heights = numberOption('heights', values.heights);
  const commandsPerBlock = numberOption('commands', values.commands);
  const { log } = values;
  if (log !== 'postgres' && log !== 'kafka') throw new OptionError('--log: postgres or kafka');
  const wakeups = values.wakeups.split(',').map((name) => {
    const kind = KINDS.find((each) => each === name);
    if (kind === undefined) throw new OptionError(`--wakeups: of ${KINDS.join()}`);
    return kind;
  });
  return { heights, commandsPerBlock, log, wakeups };
}

/** How long after the log has a height a client of the live feed sees it. */
export const feedBench: Bench = {
  about: 'from a height acknowledged by the log to its frame at a client of the live feed',
  usage:
    '[--log postgres|kafka] (kafka: Java 17 and Maven) [--heights N] (default 200)\n' +
    '[--commands N] of a height (default 100) ' +
    '[--wakeups listen,poll,log,redis] (default listen; redis: redis-server)',
  async run(args, say) {
    const options = parse(args);
    const folder = mkdtempSync(join(tmpdir(), 'nullspace-bench-feed-'));
    const publicDir = `${folder}-public`;
    const dataDir = join(folder, 'postgres');
    const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
    const kafka =
      options.log === 'kafka'
        ? await startKafka({ dataDir: join(folder, 'kafka'), log: quietLog })
        : { brokers: [], stop: async () => {} };
    const redis = options.wakeups.includes('redis') ? await startRedis() : null;
    const redisUrl = redis === null ? null : `redis://127.0.0.1:${redis.port}`;
    try {
      const { log } = options;
      const config = { log, databaseUrl: server.url, kafkaBrokers: kafka.brokers };
      return await runOn(config, folder, options, redisUrl, say);
    } finally {
      await redis?.stop();
      await kafka.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      rmSync(publicDir, { recursive: true, force: true });
    }
  },
};
