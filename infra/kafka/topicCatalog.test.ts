import { createRequire } from 'node:module';
import type { Admin, Kafka } from 'kafkajs';
import { expect, it, vi } from 'vitest';
import { openTopicCatalog } from './topicCatalog.js';

const waits: number[] = [];
vi.mock('node:timers/promises', () => ({
  setTimeout: async (delayMs: number) => void waits.push(delayMs),
}));

const answer = (type: string): Error => Object.assign(new Error(`told ${type}`), { type });
const UNSEEN = answer('UNKNOWN_TOPIC_OR_PARTITION');
const LEADERLESS = answer('LEADER_NOT_AVAILABLE');

const SETTINGS = {
  'max.message.bytes': '2048',
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'unclean.leader.election.enable': 'false',
  'min.insync.replicas': '1',
};
const KEPT = { name: 'kept', partitions: 1, compacted: false, maxMessageBytes: 1_024 };

/** A cluster that lists `kept`, and gives these errors before it describes that. */
async function catalogOf(errors: readonly Error[]) {
  waits.length = 0;
  const left = [...errors];
  const admin: Partial<Admin> = {
    connect: async () => {},
    listTopics: async () => ['kept'],
    fetchTopicMetadata: async (options) => {
      if (options?.topics[0] !== 'kept') throw UNSEEN;
      const error = left.shift();
      if (error !== undefined) throw error;
      const partition = { partitionErrorCode: 0, partitionId: 0, leader: 1, isr: [1] };
      return { topics: [{ name: 'kept', partitions: [{ ...partition, replicas: [1] }] }] };
    },
    describeConfigs: async () => {
      const entry = { isDefault: false, isSensitive: false, configSource: 1, readOnly: false };
      const resource = { resourceType: 2, errorCode: 0, errorMessage: '', resourceName: 'kept' };
      const configEntries = Object.entries(SETTINGS).map(([configName, configValue]) => ({
        ...{ ...entry, configName, configValue, configSynonyms: [] },
      }));
      return { throttleTime: 0, resources: [{ ...resource, configEntries }] };
    },
  };
  return openTopicCatalog(clientOf(admin), 1);
}

function clientOf(admin: Partial<Admin>): Kafka {
  const client: Pick<Kafka, 'admin'> = { admin: () => admin as Admin };
  return client as Kafka;
}

const load = createRequire(import.meta.url);
const createAdmin = load('kafkajs/src/admin');
const createRetry = load('kafkajs/src/retry');
const { metadata } = load('kafkajs/src/cluster').prototype;
const { withBroker } = load('kafkajs/src/cluster/brokerPool').prototype;

/** The client's own admin, on a connection that is up and a broker that gives no list. */
function forgetfulAdmin(refusal: Error): Admin {
  const findBroker = async () => ({ metadata: () => Promise.reject(refusal) });
  const brokerPool = { brokers: { 1: {} }, refreshMetadataIfNecessary: async () => {} };
  const cluster = {
    connect: async () => {},
    retrier: createRetry(),
    brokerPool: { ...brokerPool, findBroker, withBroker },
    metadata,
  };
  return createAdmin({ logger: { namespace: () => ({}) }, cluster });
}

it('asks again for a topic that one broker lists and the next has not seen', async () => {
  const catalog = await catalogOf([UNSEEN, UNSEEN]);
  await catalog.load(['kept']);
  expect(catalog.known('kept')).toMatchObject({ partitions: 1, maxMessageBytes: 1_024 });
  expect(waits).toHaveLength(2);
});

it('says that a listed topic cannot be had, where no broker has seen it for long', async () => {
  const catalog = await catalogOf(Array.from({ length: 1_000 }, () => UNSEEN));
  const failed = { code: 'unreachable', retriable: true };
  await expect(catalog.load(['kept'])).rejects.toMatchObject(failed);
  expect(catalog.known('kept')).toBeUndefined();
});

it('waits for no topic that nobody lists: it stays unknown', async () => {
  const catalog = await catalogOf([]);
  await catalog.load(['missing', 'kept']);
  expect([catalog.known('missing'), catalog.known('kept')?.name]).toEqual([undefined, 'kept']);
  expect(waits).toEqual([]);
});

it('fails at once, with what the broker says, for a topic without a leader', async () => {
  const catalog = await catalogOf([LEADERLESS]);
  await expect(catalog.load(['kept'])).rejects.toThrow('Kafka: topics kept: told LEADER_NOT_');
  expect(waits).toEqual([]);
});

it.each([LEADERLESS, new Error('Connection closed')])(
  'is away when no broker says which topics there are: %s',
  async (refusal) => {
    const admin = forgetfulAdmin(refusal);
    const away = { code: 'unreachable', retriable: true };
    const message = 'Kafka: topics kept: no broker says which topics there are';
    waits.length = 0;
    const catalog = await openTopicCatalog(clientOf(admin), 1);
    await expect(catalog.load(['kept'])).rejects.toMatchObject({ ...away, message });
    expect(waits).toEqual([]);
    const listTopics = async () => ['kept'];
    const later = await openTopicCatalog(clientOf({ ...admin, listTopics }), 1);
    await expect(later.load(['kept'])).rejects.toMatchObject({ ...away, message });
  },
);

it('asks again where the client forgets what brokers say of topics in the making', async () => {
  const forgotten = await forgetfulAdmin(LEADERLESS)
    .listTopics()
    .catch((error: Error) => error);
  expect(forgotten).toBeInstanceOf(TypeError);
  const catalog = await catalogOf([forgotten as Error, forgotten as Error]);
  await catalog.ensureTopics([KEPT]);
  expect(waits).toHaveLength(2);
  const never = await catalogOf(Array.from({ length: 1_000 }, () => forgotten as Error));
  const failed = { code: 'unreachable', retriable: true };
  await expect(never.ensureTopics([KEPT])).rejects.toMatchObject(failed);
});
