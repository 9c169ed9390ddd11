import { connect } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { KafkaError } from '../kafka/errors.js';
import {
  brokerFolder,
  brokerPorts,
  startKafkaCluster,
  stopKafkaCluster,
} from '../kafka/kafkaCluster.js';
import { kafkaUnavailableReason } from '../kafka/kafkaJars.js';
import { runningKafka, startKafka, stopKafka } from '../kafka/kafkaRuntime.js';
import { startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { runningEmbedded, stopEmbeddedPostgres } from '../postgres/runningEmbedded.js';
import type { ClusterSettings, ProcessRecord } from './clusterFolder.js';
import type { PlatformPlan } from './platformRoles.js';

/** Ports of what a cluster stands on, from its base port on. */
const POSTGRES_OFFSET = 40;
const KAFKA_OFFSET = 50;
const CONNECT_TIMEOUT_MS = 2_000;

/** Addresses of the brokers of a cluster on Kafka. */
export function clusterBrokers({ kafkaBrokers, basePort, brokers }: ClusterSettings): string {
  const own = Array.from({ length: brokers }, (_, index) =>
    brokerPorts(kafkaPort(basePort), index),
  );
  return kafkaBrokers ?? own.map(({ broker }) => `127.0.0.1:${broker}`).join(',');
}

function kafkaPort(basePort: number): number {
  return basePort + KAFKA_OFFSET;
}

export interface ClusterServices {
  readonly databaseUrl: string;
  readonly log: PlatformPlan['log'];
}

/** Starts Postgres and Kafka where they do not run, and waits until both answer. */
export async function startServices(
  settings: ClusterSettings,
  dataDir: string,
  logger: Logger,
  onUp: (name: string, record: ProcessRecord) => void,
): Promise<ClusterServices> {
  const { basePort } = settings;
  const lacking =
    settings.log === 'kafka' && settings.kafkaBrokers === null ? kafkaUnavailableReason() : null;
  if (lacking !== null) {
    throw new KafkaError('unavailable', `${lacking}; give --kafka-brokers, or --log postgres`);
  }
  let { databaseUrl } = settings;
  if (databaseUrl === null) {
    const folder = join(dataDir, 'postgres');
    const postgres = await startEmbeddedPostgres({
      dataDir: folder,
      port: basePort + POSTGRES_OFFSET,
      log: logger,
    });
    databaseUrl = postgres.url;
    const { pid, port } = postgres;
    onUp('postgres', { pid, role: 'postgres', url: `127.0.0.1:${port}` });
  }
  if (settings.log === 'postgres') return { databaseUrl, log: { kind: 'postgres' } };
  if (settings.kafkaBrokers === null) await startBrokers(settings, dataDir, logger, onUp);
  const { kafkaReplicas: replicas } = settings;
  return { databaseUrl, log: { kind: 'kafka', brokers: clusterBrokers(settings), replicas } };
}

/** `kafka` alone, `kafka-0` and on where there are several. */
async function startBrokers(
  { basePort, brokers }: ClusterSettings,
  dataDir: string,
  log: Logger,
  onUp: (name: string, record: ProcessRecord) => void,
): Promise<void> {
  const folder = join(dataDir, 'kafka');
  const first = kafkaPort(basePort);
  const members =
    brokers === 1
      ? [await startKafka({ dataDir: folder, ports: brokerPorts(first, 0), log })]
      : (await startKafkaCluster({ dataDir: folder, brokers, basePort: first, log })).members;
  members.forEach(({ pid, brokers: [url = ''] }, index) => {
    onUp(brokers === 1 ? 'kafka' : `kafka-${index}`, { pid, role: 'kafka', url });
  });
}

/** The pid of a service that runs on the data folder, whoever started it; null when none does. */
export function servicePid(dataDir: string, name: string): number | null {
  if (name === 'postgres') return runningEmbedded(join(dataDir, name))?.pid ?? null;
  const [kind = '', index] = name.split('-');
  const folder = join(dataDir, kind);
  return (
    runningKafka(index === undefined ? folder : brokerFolder(folder, Number(index)))?.pid ?? null
  );
}

/** Stops what runs on the data folder, the log's server before the one with the tables. */
export async function stopServices(dataDir: string): Promise<void> {
  await stopKafka(join(dataDir, 'kafka'));
  await stopKafkaCluster(join(dataDir, 'kafka'));
  await stopEmbeddedPostgres(join(dataDir, 'postgres'));
}

/** Whether something accepts connections at `host:port`. */
export function accepts(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((answer) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_TIMEOUT_MS });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      answer(isOpen);
    };
    socket.on('connect', () => end(true));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
  });
}
