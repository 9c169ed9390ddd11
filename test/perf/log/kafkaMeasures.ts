import { KAFKA_CLIENTS, type KafkaClient } from '../../../infra/kafka/kafkaChoices.js';
import type { LogConfig } from '../../../infra/log/openLog.js';
import { openLog } from '../../../infra/log/openLog.js';
import { present } from '../../../schemas/kernel/assert.js';
import { MAX_FRAME_BYTES } from '../../../schemas/limits.js';
import { topicManifest } from '../../../schemas/topics.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { besides, figure, type Measure, median, percentile } from '../measure.js';
import { playedGenesis } from '../playedChain.js';
import { runChild, startChild } from './childRun.js';
import { consumerRate, producerRate } from './kafkaTool.js';
import {
  type Append,
  benchKeys,
  benchTopics,
  meanRecordBytes,
  type Published,
} from './publishedAppends.js';

export type Say = (line: string) => void;

/** What the runs on one cluster share. */
export interface KafkaBed {
  readonly brokers: readonly string[];
  readonly folder: string;
  readonly rounds: number;
}

export function configOf({ brokers }: KafkaBed, client: KafkaClient): LogConfig {
  return { log: 'kafka', kafkaBrokers: brokers, kafkaClient: client };
}

/** Kafka's own producer writes what it makes up itself: not into the log's topics. */
const TOOL_TOPIC = 'tool';
/** Records before what is measured; a process that writes compiles its code during the first. */
const WARM_UP_RECORDS = 60_000;
/** Records of one measured run. */
const RECORDS = 400_000;
const BLOCKS_PER_SECOND = 50;
/** Of a run of the open loop; the first ones are not counted. */
const PACED = { warmUp: 50, count: 250 } as const;
const IDLE_MS = 10_000;

const eventPartitions = Array.from({ length: playedGenesis.eventPartitions }, (_, partition) => ({
  topic: benchTopics.events,
  partition,
}));
const allPartitions = [{ topic: benchTopics.blocks, partition: 0 }, ...eventPartitions];

export async function makeTopics(config: LogConfig): Promise<void> {
  const log = await openLog(config, quietLog);
  const { shards, eventPartitions: partitions } = playedGenesis;
  const tool = { name: TOOL_TOPIC, partitions, compacted: false, maxMessageBytes: MAX_FRAME_BYTES };
  const own = topicManifest(benchKeys.chainId, shards, partitions);
  await log.ensureTopics([...own, tool]);
  await log.close();
}

/** A broker that started seconds ago is slow. */
export async function warmUp(bed: KafkaBed, published: Published): Promise<void> {
  for (const client of KAFKA_CLIENTS) {
    await appendRun(configOf(bed, client), 'append', published.single, RECORDS / 8);
  }
}

/** Records a second, and how long one append took. */
export async function appendRun(
  log: LogConfig,
  kind: 'append' | 'bare',
  appends: readonly Append[],
  records: number,
): Promise<{ readonly rate: number; readonly appendMs: number }> {
  const perAppend = appends.reduce((sum, append) => sum + append.length, 0) / appends.length;
  // Whole rounds of the appends, so that all of them count the same.
  const rounds = Math.max(1, Math.round(records / perAppend / appends.length));
  const count = rounds * appends.length;
  const warmUp = Math.ceil(WARM_UP_RECORDS / perAppend);
  const common = { log, partitions: allPartitions, appends, warmUp, count };
  const { wallMs } = await runChild({ kind, ...common });
  return { rate: (count * perAppend * 1000) / wallMs, appendMs: wallMs / count };
}

/** Rates by what was run, a round each. */
class Rates {
  readonly #byName = new Map<string, number[]>();

  add(name: string, rate: number): void {
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), rate]);
  }

  median(name: string): number {
    return median(present(this.#byName.get(name), name));
  }

  toString(): string {
    const texts = [...this.#byName].map(([name, rates]) => `${name} ${rates.map(Math.round)}`);
    return texts.join('; ');
  }
}

/** Of a publisher that keeps up, and of one that has fallen behind. */
const WAYS = { single: 'a block a transaction', grouped: 'groups of blocks' } as const;
const WAY_NAMES = ['single', 'grouped'] as const;

/** Appends by each client and runs of Kafka's own producer in turn, on one warm broker. */
export async function measureAppends(
  bed: KafkaBed,
  published: Published,
  say: Say,
): Promise<readonly Measure[]> {
  const recordBytes = meanRecordBytes(published.single);
  const tool = { broker: brokerOf(bed), topic: TOOL_TOPIC, records: RECORDS, recordBytes };
  const rates = new Rates();
  say('warming the broker');
  await warmUp(bed, published);
  await producerRate({ ...tool, records: RECORDS / 2, transactionMs: null });
  for (let round = 1; round <= bed.rounds; round++) {
    for (const way of WAY_NAMES) {
      for (const client of KAFKA_CLIENTS) {
        const log = configOf(bed, client);
        const { rate, appendMs } = await appendRun(log, 'append', published[way], RECORDS);
        rates.add(`${client} ${way}`, rate);
        // As many transactions a second as ours.
        const transactionMs = Math.max(1, Math.round(appendMs));
        rates.add(`tool as ${client} ${way}`, await producerRate({ ...tool, transactionMs }));
      }
    }
    rates.add('tool', await producerRate({ ...tool, transactionMs: null }));
    say(`round ${round}, records/s: ${rates}`);
  }
  const perBlock = published.single.flat().length / published.single.length;
  return [
    figure('a record with its key, mean', recordBytes, 'bytes'),
    figure('a block with its events and marks, mean', perBlock, 'records'),
    ...appendLines(rates),
  ];
}

function appendLines(rates: Rates): readonly Measure[] {
  const lines: Measure[] = [];
  for (const way of WAY_NAMES) {
    for (const client of KAFKA_CLIENTS) {
      const own = rates.median(`${client} ${way}`);
      const name = `append by ${client}, ${WAYS[way]}`;
      const tools = rates.median(`tool as ${client} ${way}`);
      lines.push(
        besides(name, own, 'records/s', "Kafka's tool, as many transactions", tools),
        besides(name, own, 'records/s', "Kafka's tool, none", rates.median('tool')),
      );
    }
  }
  return lines;
}

function brokerOf({ brokers }: KafkaBed): string {
  return present(brokers[0], 'a broker');
}

/** The events that measureAppends has left there. */
export async function measureReads(bed: KafkaBed, say: Say): Promise<readonly Measure[]> {
  const rates = new Rates();
  const run = { broker: brokerOf(bed), topic: benchTopics.events, records: RECORDS };
  for (let round = 1; round <= bed.rounds; round++) {
    for (const client of KAFKA_CLIENTS) {
      const task = { log: configOf(bed, client), partitions: eventPartitions, records: RECORDS };
      const { wallMs } = await runChild({ kind: 'read', ...task });
      rates.add(client, (RECORDS * 1000) / wallMs);
    }
    rates.add('tool', await consumerRate({ ...run, folder: bed.folder }));
    say(`round ${round}, read, records/s: ${rates}`);
  }
  return KAFKA_CLIENTS.map((client) =>
    besides(
      `read by ${client}`,
      rates.median(client),
      'records/s',
      "Kafka's tool",
      rates.median('tool'),
    ),
  );
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What the writer kept up with. */
  readonly perSecond: number;
}

/** From the start of a transaction to its last record at a reader, each a process of its own. */
export async function receiptLatency(log: LogConfig, appends: readonly Append[]): Promise<Latency> {
  const count = PACED.warmUp + PACED.count;
  const sizes = Array.from({ length: count }, (_, index) => {
    return present(appends[index % appends.length], 'an append').length;
  });
  const common = { log, partitions: allPartitions };
  const reader = startChild({ kind: 'follow', ...common, sizes });
  try {
    await reader.ready;
    const everyMs = 1000 / BLOCKS_PER_SECOND;
    const { atMs: startsMs } = await runChild({ kind: 'pace', ...common, appends, count, everyMs });
    const { atMs } = await reader.done;
    const latencies = atMs.map((at, index) => at - present(startsMs[index], 'a start'));
    const counted = latencies.slice(PACED.warmUp);
    const spanMs = present(startsMs.at(-1), 'a start') - present(startsMs[PACED.warmUp], 'a start');
    return {
      p50Ms: median(counted),
      p99Ms: percentile(counted, 0.99),
      perSecond: ((PACED.count - 1) * 1000) / spanMs,
    };
  } finally {
    await reader.end();
  }
}

/** Share of a core of a process with one writer and one reader that have nothing to do. */
export async function idleShare(log: LogConfig, appends: readonly Append[]): Promise<number> {
  const common = { log, partitions: allPartitions, appends, forMs: IDLE_MS };
  const { cpuMs, wallMs } = await runChild({ kind: 'idle', ...common });
  return cpuMs / wallMs;
}
