import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startKafkaCluster } from '../../../infra/kafka/kafkaCluster.js';
import { kafkaUnavailableReason } from '../../../infra/kafka/kafkaJars.js';
import { startKafka } from '../../../infra/kafka/kafkaRuntime.js';
import type { LogConfig } from '../../../infra/log/openLog.js';
import { startEmbeddedPostgres } from '../../../infra/postgres/embeddedPostgres.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { type Bench, besides, figure, type Measure, median, OptionError } from '../measure.js';
import {
  appendRun,
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

function kafkaConfig(brokers: readonly string[]): LogConfig {
  return { log: 'kafka', kafkaBrokers: brokers };
}

interface Latencies {
  readonly large: Latency;
  readonly small: Latency;
}

async function latencies(bed: KafkaBed, { large, small }: Played, say: Say): Promise<Latencies> {
  const found = {
    small: await receiptLatency(bed, small.single),
    large: await receiptLatency(bed, large.single),
  };
  say(`latencies: ${JSON.stringify(found)}`);
  return found;
}

function latencyLines(one: Latencies, three: Latencies): readonly Measure[] {
  return (['large', 'small'] as const).flatMap((size) => {
    const commands = size === 'large' ? COMMANDS_PER_BLOCK : SMALL_BLOCK_COMMANDS;
    const [alone, among] = [one[size], three[size]];
    const of = `start to receipt, 50 blocks/s of ${commands}`;
    return [
      besides(`${of}, p50`, alone.p50Ms, 'ms', 'three brokers', among.p50Ms),
      besides(`${of}, p99`, alone.p99Ms, 'ms', 'three brokers', among.p99Ms),
      besides(
        '- blocks that were written',
        alone.perSecond,
        '/s',
        'three brokers',
        among.perSecond,
      ),
    ];
  });
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
    const bed = { log: kafkaConfig(kafka.brokers), folder, rounds };
    await makeTopics(bed.log);
    measures.push(...(await measureAppends(bed, played.large, say)));
    measures.push(...(await measureReads(bed, say)));
    alone = await latencies(bed, played, say);
    const idle: number[] = [];
    for (let round = 0; round < rounds; round++) {
      idle.push(await idleShare(bed, played.small.single));
    }
    measures.push(figure('idle, one writer and one reader', 100 * median(idle), '% of a core'));
  } finally {
    await kafka.stop();
  }
  say('three brokers');
  const dataDir = join(folder, 'three');
  const cluster = await startKafkaCluster({ dataDir, brokers: CLUSTER_BROKERS, log: quietLog });
  try {
    const bed = { log: kafkaConfig(cluster.brokers), folder, rounds };
    await makeTopics(bed.log);
    await warmUp(bed.log, played.large);
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
  const rounds = Number(values.rounds);
  if (!(Number.isSafeInteger(rounds) && rounds >= 1)) {
    throw new OptionError('--rounds: expected a number from 1 on');
  }
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
