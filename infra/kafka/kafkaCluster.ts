import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterLog } from '../postgres/connection.js';
import { freePort } from '../postgres/freePort.js';
import { type KafkaRuntime, newClusterId, startKafka, stopKafka } from './kafkaRuntime.js';

export interface KafkaClusterOptions {
  /** Holds a folder for each broker, and who they are. Made when missing. */
  readonly dataDir: string;
  /** How many; fixed with the data. An odd number, so that a majority is left without one. */
  readonly brokers: number;
  readonly log: AdapterLog;
  /** The first of two ports a broker, all free; without, free ones are found and kept. */
  readonly basePort?: number;
}

export interface KafkaCluster {
  /** `127.0.0.1:port` of each. */
  readonly brokers: readonly string[];
  /** In the order of `brokers`; broker `index` has the node id `index + 1`. */
  readonly members: readonly KafkaRuntime[];
  /** Starts one again that has ended. */
  restart(index: number): Promise<void>;
  /** Stops all at once. Idempotent. */
  stop(): Promise<void>;
}

interface ClusterState {
  readonly clusterId: string;
  readonly ports: readonly { readonly broker: number; readonly controller: number }[];
}

const STATE_FILE = 'cluster.json';

/** The folder of a broker below that of its cluster. */
export function brokerFolder(dataDir: string, index: number): string {
  return join(dataDir, `broker-${index}`);
}

/** Ports of a broker, from the first one of its cluster on. */
export function brokerPorts(basePort: number, index: number) {
  return { broker: basePort + 2 * index, controller: basePort + 2 * index + 1 };
}

async function decideState(options: KafkaClusterOptions): Promise<ClusterState> {
  const { dataDir, brokers, basePort } = options;
  const path = join(dataDir, STATE_FILE);
  const last = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ClusterState) : null;
  if (basePort === undefined && last !== null) return last;
  const indexes = Array.from({ length: brokers }, (_, index) => index);
  const find = async () => ({ broker: await freePort(), controller: await freePort() });
  const ports = await Promise.all(
    indexes.map((index) => (basePort === undefined ? find() : brokerPorts(basePort, index))),
  );
  const state = { clusterId: last?.clusterId ?? newClusterId(), ports };
  writeFileSync(path, `${JSON.stringify(state)}\n`);
  return state;
}

/**
 * Starts the brokers of one cluster on loopback, each a process of its own, or adopts those that
 * still run; returns when each knows itself as a member. @throws KafkaError
 */
export async function startKafkaCluster(options: KafkaClusterOptions): Promise<KafkaCluster> {
  const { dataDir, log } = options;
  mkdirSync(dataDir, { recursive: true });
  const { clusterId, ports } = await decideState(options);
  const controllers = ports.map(({ controller }) => controller);
  const begin = (index: number): Promise<KafkaRuntime> => {
    const member = { clusterId, nodeId: index + 1, controllers };
    const own = { dataDir: brokerFolder(dataDir, index), ports: ports[index]! };
    return startKafka({ ...own, member, log });
  };
  // Together: none is ready before a majority of them is there.
  const started = await Promise.allSettled(ports.map((_, index) => begin(index)));
  const members = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(members.map((each) => each.stop()));
    throw failed.reason;
  }
  return {
    brokers: ports.map(({ broker }) => `127.0.0.1:${broker}`),
    members,
    async restart(index) {
      members[index] = await begin(index);
    },
    async stop() {
      await Promise.all(members.map((each) => each.stop()));
    },
  };
}

/** Ends every broker of a cluster's folder, whoever started it. @throws KafkaError */
export async function stopKafkaCluster(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return;
  const folders = readdirSync(dataDir).filter((name) => name.startsWith('broker-'));
  await Promise.all(folders.map((name) => stopKafka(join(dataDir, name))));
}
