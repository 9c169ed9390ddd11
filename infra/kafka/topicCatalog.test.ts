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
      const maxBytes = { ...entry, configName: 'max.message.bytes', configValue: '2048' };
      const resource = { resourceType: 2, errorCode: 0, errorMessage: '', resourceName: 'kept' };
      const configEntries = [{ ...maxBytes, configSynonyms: [] }];
      return { throttleTime: 0, resources: [{ ...resource, configEntries }] };
    },
  };
  const client: Pick<Kafka, 'admin'> = { admin: () => admin as Admin };
  return openTopicCatalog(client as Kafka, 1);
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
