import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetchKafkaJars } from '../../../infra/kafka/kafkaJars.js';

/** A run that takes longer has lost its broker. */
const TOOL_TIMEOUT_MS = 180_000;
const TOOLS = 'org.apache.kafka.tools';

async function runTool(name: string, args: readonly string[]): Promise<string> {
  const libs = await fetchKafkaJars();
  const jvm = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'];
  const { stdout } = await promisify(execFile)(
    'java',
    [...jvm, '-cp', join(libs, '*'), `${TOOLS}.${name}`, ...args],
    { timeout: TOOL_TIMEOUT_MS, killSignal: 'SIGKILL' },
  );
  return stdout;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** A rate that the tool must have printed. */
function rateOf(line: string, value: string | undefined): number {
  const found = Number(value);
  if (value !== undefined && Number.isFinite(found) && found > 0) return found;
  throw new Error(`Kafka's tool printed no rate: ${line}`);
}

/** Records a second of all that was sent: its last line; those before are of five seconds each. */
export function producedRate(text: string, records: number): number {
  const line = lastLine(text);
  const [, sent, rate] = /^(\d+) records sent, ([\d.]+) records\/sec/.exec(line) ?? [];
  if (Number(sent) !== records) throw new Error(`Kafka's tool did not send ${records}: ${line}`);
  return rateOf(line, rate);
}

/** Records a second of the time that it fetched: its last column. */
export function consumedRate(text: string, records: number): number {
  const line = lastLine(text);
  const columns = line.split(', ');
  const consumed = columns[4]; // start, end, MB, MB/s, then records
  if (!(Number(consumed) >= records)) {
    throw new Error(`Kafka's tool did not read ${records}: ${line}`);
  }
  return rateOf(line, columns.at(-1));
}

export interface ProducerRun {
  readonly broker: string;
  readonly topic: string;
  readonly records: number;
  readonly recordBytes: number;
  /** A transaction each so many milliseconds; null for none. */
  readonly transactionMs: number | null;
}

/** Records a second of Kafka's own producer, all replicas acknowledging. */
export async function producerRate(run: ProducerRun): Promise<number> {
  const transactions =
    run.transactionMs === null ? [] : ['--transaction-duration-ms', String(run.transactionMs)];
  const text = await runTool('ProducerPerformance', [
    ...['--topic', run.topic, '--num-records', String(run.records)],
    ...['--record-size', String(run.recordBytes), '--throughput', '-1'],
    ...transactions,
    ...['--producer-props', `bootstrap.servers=${run.broker}`, 'acks=all'],
    // Our brokers allow 15 s (brokerSettings), and the tool asks for a minute.
    'transaction.timeout.ms=12000',
  ]);
  return producedRate(text, run.records);
}

/** Records a second of Kafka's own consumer from the first ones on, without the time to join. */
export async function consumerRate(run: {
  readonly broker: string;
  readonly topic: string;
  readonly records: number;
  readonly folder: string;
}): Promise<number> {
  const config = join(run.folder, 'consumer.properties');
  writeFileSync(config, 'isolation.level=read_committed\n');
  const text = await runTool('ConsumerPerformance', [
    ...['--bootstrap-server', run.broker, '--topic', run.topic],
    ...['--messages', String(run.records), '--consumer.config', config, '--hide-header'],
  ]);
  return consumedRate(text, run.records);
}
