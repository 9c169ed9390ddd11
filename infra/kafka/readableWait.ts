import { setTimeout as sleep } from 'node:timers/promises';
import { LogError } from '../../schemas/logError.js';
import { type LogCluster, nameOf, type PartitionName } from './logCluster.js';
import { partitionEnds } from './partitionEnds.js';

/** The markers of a transaction take some milliseconds; what restarts its broker some seconds. */
const READABLE_TIMEOUT_MS = 12_000;
const ASK_WAIT_MS = 1;

/** A partition, and behind which offset readers must get. */
export interface WrittenEnd extends PartitionName {
  readonly end: bigint;
}

/**
 * Resolves when readers are shown all partitions up to their ends. A broker answers the end of a
 * transaction before it has told the partitions; one that dies in between may never tell them
 * (`forgottenTransaction.ts`). @throws LogError unreachable; the client's errors
 */
export async function readableWait(
  cluster: LogCluster,
  ends: readonly WrittenEnd[],
): Promise<void> {
  const untilMs = performance.now() + READABLE_TIMEOUT_MS;
  for (let left = ends; ; ) {
    const readable = await partitionEnds(cluster, left, 'readable');
    left = left.filter((of) => (readable.get(nameOf(of)) ?? 0n) < of.end);
    if (left.length === 0) return;
    if (performance.now() > untilMs) {
      const names = left.map(nameOf).join(', ');
      throw new LogError('unreachable', `committed, and not shown to readers: ${names}`);
    }
    await sleep(ASK_WAIT_MS);
  }
}
