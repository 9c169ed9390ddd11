import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { present } from '../../schemas/kernel/assert.js';
import type { Log } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { type BrokerRole, brokerOf } from '../../test/campaigns/brokerRoles.js';
import { readToEnd } from '../../test/contracts/logContract.js';
import { askAgain } from './askAgain.js';
import { createClient } from './client.js';
import { KAFKA_CLIENTS, type KafkaClient } from './kafkaChoices.js';
import { type KafkaCluster, startKafkaCluster } from './kafkaCluster.js';
import { openKafkaLog } from './kafkaLog.js';
import { connectPlatformatic } from './platformaticCluster.js';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-brokers-'));
const TOPIC = { name: 'kept', partitions: 1, compacted: false, maxMessageBytes: 1024 * 1024 };
let cluster: KafkaCluster;
/** One by each client. */
const logs = new Map<KafkaClient, Log>();

beforeAll(async () => {
  cluster = await startKafkaCluster({ dataDir, brokers: 3, log });
  for (const client of KAFKA_CLIENTS) {
    logs.set(client, await openKafkaLog({ brokers: cluster.brokers, client, log }));
  }
}, 300_000);
afterAll(async () => {
  for (const opened of logs.values()) await opened.close();
  await Promise.all(cluster?.members.map((member) => member.kill()) ?? []);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

async function withAdmin<T>(
  ask: (admin: ReturnType<ReturnType<typeof createClient>['admin']>) => Promise<T>,
): Promise<T> {
  const admin = createClient({ brokers: cluster.brokers, log }).admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The index of the broker that leads the topic's one partition, and how many copies there are. */
async function leadership(): Promise<{ readonly leader: number; readonly copies: number }> {
  const { topics } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [TOPIC.name] }));
  const { leader, replicas } = topics[0]!.partitions[0]!;
  return { leader: leader - 1, copies: replicas.length };
}

const one = (text: string) => ({
  topic: TOPIC.name,
  partition: 0,
  key: new Uint8Array(1),
  value: Uint8Array.from(Buffer.from(text)),
  timestampMs: 1,
});

/** As a publisher does: after any doubt another writer, as long as the failure is the outside's. */
async function append(client: KafkaClient, text: string): Promise<void> {
  const opened = present(logs.get(client), client);
  for (;;) {
    try {
      const writer = await opened.openWriter('publisher');
      await writer.append([one(text)]);
      return await writer.close();
    } catch (error) {
      if (!(error instanceof LogError && error.retriable)) throw error;
    }
  }
}

async function readAll(client: KafkaClient): Promise<string[]> {
  const records = await readToEnd(present(logs.get(client), client), TOPIC.name, 0);
  return records.map(({ value }) => Buffer.from(value).toString());
}

it('makes topics with three copies, two of them in step, and says when it cannot', async () => {
  const opened = present(logs.get('kafkajs'), 'a log');
  // Now, while every topic has a leader: kafkajs lists none while one of them has not.
  for (const each of logs.values()) await each.ensureTopics([TOPIC]);
  expect((await leadership()).copies).toBe(3);
  const { resources } = await withAdmin((admin) =>
    admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: TOPIC.name }],
    }),
  );
  const settings = new Map(
    resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
  );
  expect(settings.get('min.insync.replicas')).toBe('2');
  expect(settings.get('unclean.leader.election.enable')).toBe('false');
  const single = { ...TOPIC, name: 'single' };
  const alone = await openKafkaLog({ brokers: cluster.brokers, replicas: 1, log });
  await alone.ensureTopics([single]);
  await alone.close();
  await expect(opened.ensureTopics([single])).rejects.toMatchObject({
    code: 'topicMismatch',
    message: expect.stringContaining('single has 1 replicas, and not 3'),
  });
  // As `single` may be after its partitions were reassigned to three brokers.
  await withAdmin((admin) =>
    admin.createTopics({
      topics: [
        {
          topic: 'careless',
          numPartitions: 1,
          replicationFactor: 3,
          configEntries: [
            { name: 'min.insync.replicas', value: '1' },
            { name: 'max.message.bytes', value: String(TOPIC.maxMessageBytes + 1_024) },
          ],
        },
      ],
    }),
  );
  await expect(opened.ensureTopics([{ ...TOPIC, name: 'careless' }])).rejects.toMatchObject({
    code: 'topicMismatch',
    message: expect.stringContaining('min.insync.replicas 1, and not 2'),
  });
  const many = await openKafkaLog({ brokers: cluster.brokers, replicas: 5, log });
  await expect(many.ensureTopics([{ ...TOPIC, name: 'many' }])).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('Replication-factor'),
  });
  await many.close();
}, 60_000);

/** Until every broker has what it missed: without two of them nothing is written. */
async function untilInStep(): Promise<void> {
  const topics = [TOPIC.name, '__transaction_state'];
  for (;;) {
    const found = await withAdmin((admin) => admin.fetchTopicMetadata({ topics }));
    const partitions = found.topics.flatMap((topic) => topic.partitions);
    if (partitions.every(({ isr }) => isr.length === 3)) return;
    await sleep(100);
  }
}

const appended: string[] = [];
const ROLES: readonly BrokerRole[] = ['leader', 'coordinator', 'bystander'];
it.each(KAFKA_CLIENTS.flatMap((client) => ROLES.map((role) => [client, role] as const)))(
  '%s goes on without the %s, and loses nothing',
  async (client, role) => {
    const before = `before the ${role} of ${client} is killed`;
    await append(client, before);
    const names = { blocks: TOPIC.name, events: TOPIC.name };
    const killed = present(await brokerOf(cluster.brokers, names, role), role);
    await cluster.members[killed]!.kill();
    const after = `after the ${role} of ${client} was killed`;
    await append(client, after);
    appended.push(before, after);
    for (const reader of KAFKA_CLIENTS) expect(await readAll(reader)).toEqual(appended);
    expect((await leadership()).leader).not.toBe(killed);
    expect(await brokerOf(cluster.brokers, names, 'coordinator')).not.toBe(killed);
    await cluster.restart(killed);
    await untilInStep();
  },
  180_000,
);

it('goes on without a leader that hangs, within seconds, and so do those who read', async () => {
  const writing = present(logs.get('platformatic'), 'a log');
  const names = { blocks: TOPIC.name, events: TOPIC.name };
  await append('platformatic', 'before the leader hangs');
  const { end } = await writing.reader.offsets(TOPIC.name, 0);
  const start = { topic: TOPIC.name, partition: 0, fromOffset: end };
  const options = { partitions: [start], maxBatchBytes: 100_000 };
  const subscription = await writing.reader.subscribe(options);
  const next = subscription.batches[Symbol.asyncIterator]().next();
  const hung = present(await brokerOf(cluster.brokers, names, 'leader'), 'a leader');
  const { pid } = cluster.members[hung]!;
  process.kill(pid, 'SIGSTOP');
  const startedMs = performance.now();
  try {
    await append('platformatic', 'while it hangs');
    const { value } = await next;
    expect(Buffer.from(value.records[0].value).toString()).toBe('while it hangs');
    // A request may take 12 s, and every client had one under way to that broker.
    expect(performance.now() - startedMs).toBeLessThan(11_000);
  } finally {
    process.kill(pid, 'SIGCONT');
    await subscription.close();
  }
  appended.push('before the leader hangs', 'while it hangs');
  await untilInStep();
  // The one that hung may answer as the leader, of an earlier end, until it hears of the other.
  for (const reader of KAFKA_CLIENTS) {
    await expect.poll(() => readAll(reader)).toEqual(appended);
  }
}, 180_000);

it('lets nobody hide what others write for longer than a transaction may take', async () => {
  const stranger = await connectPlatformatic({ brokers: cluster.brokers });
  try {
    const coordinator = await stranger.coordinator('stranger');
    // Again while the coordinator loads what it has.
    const producer = await askAgain(stranger, () => coordinator.initProducerId(2_000));
    await expect(coordinator.initProducerId(60_000)).rejects.toMatchObject({
      type: 'INVALID_TRANSACTION_TIMEOUT',
    });
    await stranger.knowTopics([TOPIC.name]);
    const partition = { topic: TOPIC.name, partition: 0 };
    await coordinator.addPartitions(producer, [partition]);
    const leader = await stranger.broker(present(stranger.leaderOf(partition), 'a leader'));
    await leader.produce(producer, [{ ...partition, records: [one('left open')], sequence: 0 }]);
    const startedMs = performance.now();
    await append('platformatic', 'behind it');
    appended.push('behind it');
    // Two seconds and the second in which that is noticed; by default it would be ten.
    expect(performance.now() - startedMs).toBeLessThan(7_000);
    expect(await readAll('platformatic')).toEqual(appended);
  } finally {
    await stranger.close();
  }
}, 60_000);
