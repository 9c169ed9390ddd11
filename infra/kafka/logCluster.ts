import { LogError } from '../../schemas/logError.js';
import type { FetchResponse } from './fetchResponse.js';

/** Of one partition: topic, and its number. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

export function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

export interface FetchRequest {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly partitions: readonly (PartitionName & {
    readonly fromOffset: bigint;
    readonly maxBytes: number;
  })[];
}

/** The protocol's numbers: everything that is written, or what is committed. */
export const ISOLATION = { uncommitted: 0, committed: 1 } as const;

export interface LogBroker {
  /** Committed records; at least a byte, or nothing after `maxWaitMs`. */
  fetch(request: FetchRequest): Promise<FetchResponse>;
  /** Offsets of a time by partition; -1 for the end, -2 for the first one. */
  listOffsets(
    isolation: (typeof ISOLATION)[keyof typeof ISOLATION],
    time: -1 | -2,
    partitions: readonly PartitionName[],
  ): Promise<readonly (PartitionName & { readonly offset: bigint })[]>;
}

/** Who writes, as the coordinator has named it. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** The broker that keeps the transactions of one id. */
export interface TransactionCoordinator {
  /** Fences whoever wrote under that id, and aborts what it left open. */
  initProducerId(timeoutMs: number): Promise<ProducerIdentity>;
  addPartitions(producer: ProducerIdentity, partitions: readonly PartitionName[]): Promise<void>;
  end(producer: ProducerIdentity, outcome: 'commit' | 'abort'): Promise<void>;
}

/**
 * What the log asks of brokers, whatever client carries it there, on connections of its own: a
 * fetch that waits keeps nobody else. Errors are the client's, with `type` (the protocol's name)
 * and `retriable`; `host` and `port` where a connection is at fault.
 */
export interface LogCluster {
  /** So that their leaders are known. */
  knowTopics(topics: Iterable<string>): Promise<void>;
  /** Node id of the leader; undefined for a partition that is not there. */
  leaderOf(partition: PartitionName): string | undefined;
  broker(nodeId: string): Promise<LogBroker>;
  coordinator(transactionalId: string): Promise<TransactionCoordinator>;
  /** Asks one broker who that is, for its own words. */
  askForCoordinator(transactionalId: string): Promise<void>;
  /** Asks who leads what now. */
  refresh(): Promise<void>;
  /** The same once a minute: leaders move without an error where a broker only steps back. */
  refreshIfStale(): Promise<void>;
  /** Leaves a connection that is at fault. */
  forget(connection: { readonly host: string; readonly port: number }): void;
  /** Ends the requests under way. */
  close(): Promise<void>;
}

/** By the broker that leads them now. @throws LogError unknownTopic */
export function byLeader<Partition extends PartitionName>(
  cluster: LogCluster,
  partitions: Iterable<Partition>,
): ReadonlyMap<string, Partition[]> {
  const groups = new Map<string, Partition[]>();
  for (const partition of partitions) {
    const leader = cluster.leaderOf(partition);
    if (leader === undefined) throw new LogError('unknownTopic', `no ${nameOf(partition)}`);
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [partition]);
    else group.push(partition);
  }
  return groups;
}

export function byTopic<Partition extends PartitionName>(
  partitions: readonly Partition[],
): ReadonlyMap<string, Partition[]> {
  const groups = new Map<string, Partition[]>();
  for (const partition of partitions) {
    const group = groups.get(partition.topic);
    if (group === undefined) groups.set(partition.topic, [partition]);
    else group.push(partition);
  }
  return groups;
}
