import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../infra/kafka/client.js';
import { present } from '../../schemas/kernel/assert.js';
import type { TopicNames } from '../../schemas/topics.js';

/** What a broker has for a publisher: the blocks, the state of its transactions, or neither. */
export type BrokerRole = 'leader' | 'coordinator' | 'bystander';

const TRANSACTIONS = '__transaction_state';
const POLL_MS = 50;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** By topic and partition, the index of the broker that leads it; -1 where none does. */
async function leadersAt(
  brokers: readonly string[],
  topics: TopicNames,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const admin = createClient({ brokers, log: quiet }).admin({ retry: { retries: 0 } });
  await admin.connect();
  try {
    const asked = [topics.blocks, topics.events, TRANSACTIONS];
    const found = await admin.fetchTopicMetadata({ topics: asked });
    return new Map(
      found.topics.map(({ name, partitions }) => [
        name,
        partitions.map(({ leader }) => leader - 1), // node ids begin at 1
      ]),
    );
  } finally {
    await admin.disconnect();
  }
}

/** A broker of that role, by its index; null when every one has another. */
export async function brokerOf(
  brokers: readonly string[],
  topics: TopicNames,
  role: BrokerRole,
): Promise<number | null> {
  const leaders = await leadersAt(brokers, topics);
  const first = (name: string): number => present(leaders.get(name)?.[0], `the leader of ${name}`);
  const leader = first(topics.blocks);
  const coordinator = first(TRANSACTIONS); // of one partition
  if (role === 'leader') return leader;
  if (role === 'coordinator') return coordinator;
  const others = brokers.map((_, index) => index).filter((at) => at !== leader);
  return others.find((at) => at !== coordinator) ?? null;
}

/** Resolves when every broker that is left names leaders, none of them `killed`, for all. */
export async function untilLed(
  brokers: readonly string[],
  topics: TopicNames,
  killed: number,
): Promise<void> {
  const left = brokers.filter((_, index) => index !== killed);
  const isLed = async (broker: string): Promise<boolean> => {
    try {
      const leaders = [...(await leadersAt([broker], topics)).values()].flat();
      return leaders.every((leader) => leader >= 0 && leader !== killed);
    } catch {
      return false; // a partition has no leader, or the broker is too busy: asked again
    }
  };
  while (!(await Promise.all(left.map(isLed))).every((led) => led)) await sleep(POLL_MS);
}
