import type { Cluster } from 'kafkajs';
import { askAgain } from './askAgain.js';
import { protocolBroker } from './protocolBroker.js';

/** Of one partition: topic, and its number. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** `readable`: of what is committed, where readers stop. `written`: of all that stands there. */
export type EndKind = 'readable' | 'written';

/** Isolation levels in the protocol's numbers. */
const ISOLATION = { readable: 1, written: 0 } as const;
const NEWEST = '-1';

export function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

/** Where partitions end, by name, in one request a leader. @throws the client's errors */
export function partitionEnds(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  kind: EndKind,
): Promise<ReadonlyMap<string, bigint>> {
  return askAgain(cluster, () => ask(cluster, partitions, kind));
}

async function ask(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  kind: EndKind,
): Promise<ReadonlyMap<string, bigint>> {
  await cluster.addMultipleTargetTopics([...new Set(partitions.map(({ topic }) => topic))]);
  const byLeader = new Map<string, Map<string, number[]>>();
  for (const { topic, partition } of partitions) {
    for (const leader of Object.keys(cluster.findLeaderForPartitions(topic, [partition]))) {
      const ofLeader = byLeader.get(leader) ?? new Map<string, number[]>();
      byLeader.set(leader, ofLeader.set(topic, [...(ofLeader.get(topic) ?? []), partition]));
    }
  }
  const ends = new Map<string, bigint>();
  const askLeader = async ([nodeId, topics]: [string, Map<string, number[]>]): Promise<void> => {
    const broker = protocolBroker(await cluster.findBroker({ nodeId }));
    const { responses } = await broker.listOffsets({
      isolationLevel: ISOLATION[kind],
      topics: [...topics].map(([topic, numbers]) => ({
        topic,
        partitions: numbers.map((partition) => ({ partition, timestamp: NEWEST })),
      })),
    });
    for (const { topic, partitions: found } of responses) {
      for (const { partition, offset } of found) {
        ends.set(nameOf({ topic, partition }), BigInt(offset));
      }
    }
  };
  await Promise.all([...byLeader].map(askLeader));
  return ends;
}
