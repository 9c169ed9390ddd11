import { askAgain } from './askAgain.js';
import { byLeader, ISOLATION, type LogCluster, nameOf, type PartitionName } from './logCluster.js';

/**
 * `first`: where readers can begin. `readable`: of what is committed, where they stop. `written`:
 * of all that stands there.
 */
export type EndKind = 'first' | 'readable' | 'written';

const NEWEST = -1;
const OLDEST = -2;

/** Where partitions end, by name, in one request a leader. @throws the client's errors */
export function partitionEnds(
  cluster: LogCluster,
  partitions: readonly PartitionName[],
  kind: EndKind,
): Promise<ReadonlyMap<string, bigint>> {
  return askAgain(cluster, () => ask(cluster, partitions, kind));
}

async function ask(
  cluster: LogCluster,
  partitions: readonly PartitionName[],
  kind: EndKind,
): Promise<ReadonlyMap<string, bigint>> {
  await cluster.knowTopics(partitions.map(({ topic }) => topic));
  const isolation = kind === 'written' ? ISOLATION.uncommitted : ISOLATION.committed;
  const ends = new Map<string, bigint>();
  const askLeader = async ([nodeId, own]: [string, PartitionName[]]): Promise<void> => {
    const broker = await cluster.broker(nodeId);
    const found = await broker.listOffsets(isolation, kind === 'first' ? OLDEST : NEWEST, own);
    for (const { topic, partition, offset } of found) {
      ends.set(nameOf({ topic, partition }), offset);
    }
  };
  await Promise.all([...byLeader(cluster, partitions)].map(askLeader));
  return ends;
}
