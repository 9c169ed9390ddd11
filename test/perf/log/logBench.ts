import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KAFKA_CLIENTS, type KafkaClient } from '../../../infra/kafka/kafkaChoices.js';
import { startKafkaCluster } from '../../../infra/kafka/kafkaCluster.js';
import { kafkaUnavailableReason } from '../../../infra/kafka/kafkaJars.js';
import { startKafka } from '../../../infra/kafka/kafkaRuntime.js';
import type { LogConfig } from '../../../infra/log/openLog.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { present } from '../../../schemas/kernel/assert.js';
import { quietLog } from '../../simulation/projectedChain.js';
import {
  type Bench,
  besides,
  figure,
  type Measure,
  median,
  numberOption,
  OptionError,
} from '../measure.js';
import {
  appendRun,
  configOf,
  idleShare,
  type KafkaBed,
  type Latency,
  makeTopics,
  measureAppends,
  measureReads,
  receiptLatency,
  type Say,
  warmUp,
} from './kafkaMeasures.js';
import { type Published, publishedAppends } from './publishedAppends.js';

const COMMANDS_PER_BLOCK = 1_000;
const SMALL_BLOCK_COMMANDS = 100;
const BLOCKS = 24;
/** Records of one measured run on Postgres. */
const POSTGRES_RECORDS = 100_000;
const CLUSTER_BROKERS = 3;

interface Played {
  readonly large: Published;
  readonly small: Published;
}

interface Options {
  readonly rounds: number;
  readonly on: 'both' | 'kafka' | 'postgres';
}

const SIZES = ['large', 'small'] as const;

/** By client and size of the blocks. */
type Latencies = ReadonlyMap<string, Latency>;

async function latencies(bed: KafkaBed, played: Played, say: Say): Promise<Latencies> {
  const found = new Map<string, Latency>();
  for (const size of SIZES) {
    for (const client of KAFKA_CLIENTS) {
      const latency = await receiptLatency(configOf(bed, client), played[size].single);
      found.set(`${client} ${size}`, latency);
      say(`latency by ${client}, ${size} blocks: ${JSON.stringify(latency)}`);
    }
  }
  return found;
}

function latencyLines(one: Latencies, three: Latencies): readonly Measure[] {
  return [...one].flatMap(([name, alone]) => {
    const among = present(three.get(name), name);
    const [client, size] = name.split(' ');
    const commands = size === 'large' ? COMMANDS_PER_BLOCK : SMALL_BLOCK_COMMANDS;
    const of = `receipt by ${client}, 50 blocks/s of ${commands}`;
    const { p50Ms, p99Ms, perSecond } = among;
    return [
      besides(`${of}, p50`, alone.p50Ms, 'ms', 'three brokers', p50Ms),
      besides(`${of}, p99`, alone.p99Ms, 'ms', 'three brokers', p99Ms),
      besides(`${of}, written`, alone.perSecond, '/s', 'three brokers', perSecond),
    ];
  });
}

async function measureIdle(bed: KafkaBed, { small }: Played): Promise<readonly Measure[]> {
  const shares = new Map<KafkaClient, number[]>();
  for (let round = 0; round < bed.rounds; round++) {
    for (const client of KAFKA_CLIENTS) {
      const share = await idleShare(configOf(bed, client), small.single);
      shares.set(client, [...(shares.get(client) ?? []), 100 * share]);
    }
  }
  return [...shares].map(([client, own]) => figure(`idle, ${client}`, median(own), '% of a core'));
}

async function onKafka(
  folder: string,
  played: Played,
  { rounds }: Options,
  say: Say,
): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  const kafka = await startKafka({ dataDir: join(folder, 'one'), log: quietLog });
  let alone: Latencies;
  try {
    const bed = { brokers: kafka.brokers, folder, rounds };
    await makeTopics(configOf(bed, 'kafkajs'));
    measures.push(...(await measureAppends(bed, played.large, say)));
    measures.push(...(await measureReads(bed, say)));
    alone = await latencies(bed, played, say);
    measures.push(...(await measureIdle(bed, played)));
  } finally {
    await kafka.stop();
  }
  say('three brokers');
  const dataDir = join(folder, 'three');
  const cluster = await startKafkaCluster({ dataDir, brokers: CLUSTER_BROKERS, log: quietLog });
  try {
    const bed = { brokers: cluster.brokers, folder, rounds };
    await makeTopics(configOf(bed, 'kafkajs'));
    await warmUp(bed, played.large);
    return [...measures, ...latencyLines(alone, await latencies(bed, played, say))];
  } finally {
    await cluster.stop();
  }
}

async function onPostgres(
  folder: string,
  { large }: Played,
  { rounds }: Options,
  say: Say,
): Promise<readonly Measure[]> {
  const dataDir = join(folder, 'postgres');
  const publicDir = `${folder}-public`;
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  try {
    const config: LogConfig = { log: 'postgres', databaseUrl: server.url, kafkaBrokers: [] };
    await makeTopics(config);
    const own: number[] = [];
    const bare: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      own.push((await appendRun(config, 'append', large.single, POSTGRES_RECORDS)).rate);
      bare.push((await appendRun(config, 'bare', large.single, POSTGRES_RECORDS)).rate);
      say(`round ${round}, Postgres: ${JSON.stringify({ own, bare })}`);
    }
    const what = 'append to Postgres, a block a transaction';
    return [besides(what, median(own), 'records/s', 'one INSERT of the same rows', median(bare))];
  } finally {
    await server.stop();
    rmSync(publicDir, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      on: { type: 'string', default: 'both' },
    },
  });
  const rounds = numberOption('rounds', values.rounds);
  const { on } = values;
  if (on !== 'both' && on !== 'kafka' && on !== 'postgres') {
    throw new OptionError('--on: both, kafka or postgres');
  }
  const reason = on === 'postgres' ? null : kafkaUnavailableReason();
  if (reason !== null) throw new OptionError(`${reason}; --on postgres needs no Kafka`);
  return { rounds, on };
}

/** What writing and reading the log costs, beside what its own tools do with the same bytes. */
export const logBench: Bench = {
  about: 'append and read rates, latency and idle cost of the log, beside the tools of its stores',
  usage: '[--on both|kafka|postgres] (kafka: Java 17 and Maven) [--rounds N] (default 3)',
  async run(args, say) {
    const options = parse(args);
    say('playing');
    const played = {
      large: await publishedAppends(COMMANDS_PER_BLOCK, BLOCKS),
      small: await publishedAppends(SMALL_BLOCK_COMMANDS, BLOCKS),
    };
    const folder = mkdtempSync(join(tmpdir(), 'nullspace-bench-log-'));
    try {
      const { on } = options;
      const kafka = on === 'postgres' ? [] : await onKafka(folder, played, options, say);
      const postgres = on === 'kafka' ? [] : await onPostgres(folder, played, options, say);
      return [...kafka, ...postgres];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
