import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../schemas/kernel/assert.js';
import { LogError } from '../../schemas/logError.js';
import { type LogCluster, nameOf, type PartitionName } from './logCluster.js';
import { partitionEnds } from './partitionEnds.js';

/** What a transaction under way ends in is a matter of milliseconds; what stays is looked at. */
const LOOKS = 5;
const LOOK_WAIT_MS = 20;
/** As long as the client asks again in all. */
const SETTLE_TIMEOUT_MS = 12_000;
const SETTLE_WAIT_MS = 20;

/**
 * Partitions that hold more than readers are shown, and show no more while one looks. With nobody
 * left who writes under an id, its transactions are at their end; but brokers of 4.3.1 and 4.4.0
 * (4.1.2 does not) take a partition without a leader for a deleted one (KAFKA-20734): a coordinator
 * that starts while it has none ends a committed transaction and does not tell that partition.
 * Readers stop before its records, and the next transaction of that id takes them into its own
 * outcome.
 */
export async function heldBack(
  cluster: LogCluster,
  partitions: readonly PartitionName[],
): Promise<readonly PartitionName[]> {
  if (partitions.length === 0) return [];
  const written = await partitionEnds(cluster, partitions, 'written');
  let before: ReadonlyMap<string, bigint> | null = null;
  let held = partitions;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(LOOK_WAIT_MS);
    const readable = await partitionEnds(cluster, held, 'readable');
    const last = before;
    held = held.filter((of) => {
      const end = readable.get(nameOf(of)) ?? 0n;
      return end < (written.get(nameOf(of)) ?? 0n) && end === (last?.get(nameOf(of)) ?? end);
    });
    before = readable;
    if (held.length === 0) break;
  }
  return held;
}

/**
 * Commits what transactions of this id have left in partitions: one more transaction over them that
 * writes nothing. It fences every writer of that id. To the coordinator these were committed, all
 * but certainly: one that it aborted can be left so too, but only within the milliseconds in which
 * its writer was being fenced when the broker died. @throws the client's errors, LogError
 */
export async function commitForgotten(
  cluster: LogCluster,
  writerId: string,
  partitions: readonly PartitionName[],
): Promise<void> {
  assert(partitions.length > 0, 'a transaction is over partitions');
  await whileBusy(async () => {
    const coordinator = await cluster.coordinator(writerId);
    const producer = await coordinator.initProducerId(SETTLE_TIMEOUT_MS);
    await coordinator.addPartitions(producer, partitions);
    await coordinator.end(producer, 'commit');
  });
}

/** Again from the beginning while the coordinator has the last transaction of that id to end. */
async function whileBusy(settle: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    try {
      return await settle();
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error;
      if (performance.now() > untilMs) {
        throw new LogError('unreachable', 'a transaction that was left open stays so', error);
      }
      await sleep(SETTLE_WAIT_MS);
    }
  }
}
