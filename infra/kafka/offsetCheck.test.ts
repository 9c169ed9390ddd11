import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import type { LogRecord } from '../../schemas/log.js';
import { storedAt } from './kafkajsTransactions.js';
import { createOffsetCheck } from './offsetCheck.js';

const bytes = new Uint8Array(1);
const records = (...partitions: number[]): LogRecord[] =>
  partitions.map((partition) => ({
    topic: 't',
    partition,
    key: bytes,
    value: bytes,
    timestampMs: 1,
  }));
const at = (partition: number, baseOffset: bigint) => ({ topic: 't', partition, baseOffset });

it('takes answers that go on where the last ones ended, markers in between', () => {
  const offsets = createOffsetCheck();
  offsets.stored(records(0, 0, 1), [at(0, 7n), at(1, 0n)]);
  offsets.stored(records(0), [at(0, 10n)]);
  offsets.stored(records(1, 0), [at(1, 1n), at(0, 11n)]);
});

it('doubts new records where earlier ones stand', () => {
  const offsets = createOffsetCheck();
  offsets.stored(records(0, 0), [at(0, 7n)]);
  for (const baseOffset of [7n, 8n, 0n, -1n]) {
    expect(() => offsets.stored(records(0), [at(0, baseOffset)])).toThrow(
      expect.objectContaining({ code: 'inDoubt', retriable: true }),
    );
  }
});

it('doubts an answer that says nothing of a partition', () => {
  const offsets = createOffsetCheck();
  expect(() => offsets.stored(records(0, 1), [at(0, 0n)])).toThrow(
    expect.objectContaining({ code: 'inDoubt' }),
  );
});

it('doubts a partition that is answered for twice', () => {
  const offsets = createOffsetCheck();
  expect(() => offsets.stored(records(0), [at(0, 7n), at(0, 8n)])).toThrow(
    expect.objectContaining({ code: 'inDoubt', retriable: true }),
  );
});

/** The client's own sending over two brokers; `produce` is what each of their connections does. */
async function sendByClient(produce: (nodeId: string, connection: number) => unknown) {
  const load = createRequire(import.meta.url);
  const createRetry = load('kafkajs/src/retry/index.js');
  const sendMessages = load('kafkajs/src/producer/sendMessages.js');
  const sequences = [0, 0];
  const stored: string[] = [];
  let connection = 0;
  const brokers = new Map<string, object>();
  const broker = (nodeId: string) => {
    const of = connection;
    const one = {
      nodeId,
      async produce({ topicData }: { topicData: { partitions: { firstSequence: number }[] }[] }) {
        produce(nodeId, of);
        stored.push(`${nodeId} from ${topicData[0]!.partitions[0]!.firstSequence}`);
        const partitions = [{ partition: Number(nodeId), errorCode: 0, baseOffset: String(of) }];
        return { topics: [{ topicName: 't', partitions }] };
      },
    };
    const known = brokers.get(nodeId) ?? one;
    brokers.set(nodeId, known);
    return known;
  };
  const cluster = {
    addMultipleTargetTopics: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    refreshMetadata: async () => undefined,
    isConnected: () => false,
    connect: async () => {
      connection++;
      brokers.clear();
    },
    findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }],
    findLeaderForPartitions: () => ({ 0: ['0'], 1: ['1'] }),
    findBroker: async ({ nodeId }: { nodeId: string }) => broker(nodeId),
    removeBroker: () => undefined,
    targetTopics: [],
  };
  const eosManager = {
    acquireBrokerLock: async () => undefined,
    releaseBrokerLock: async () => undefined,
    isTransactional: () => true,
    addPartitionsToTransaction: async () => undefined,
    getTransactionalId: () => 'writer',
    getProducerId: () => '1',
    getProducerEpoch: () => 0,
    getSequence: (_: string, partition: number) => sequences[partition],
    updateSequence: (_: string, partition: number, by: number) => (sequences[partition]! += by),
  };
  const quiet = () => undefined;
  const send = sendMessages({
    logger: { debug: quiet, error: quiet },
    cluster,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    eosManager,
    retrier: createRetry({ initialRetryTime: 1, retries: 3 }),
  });
  const messages = [0, 1].map((partition) => ({ partition, key: null, value: null }));
  const answer = await send({ acks: -1, topicMessages: [{ topic: 't', messages }] });
  return { answer, stored };
}

it('sees that the client stored twice when one broker of two lost its connection', async () => {
  const { answer, stored } = await sendByClient((nodeId, connection) => {
    if (nodeId === '1' && connection === 0) {
      throw Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' });
    }
  });
  expect(stored).toEqual(['0 from 0', '0 from 1', '1 from 0']);
  expect(() => createOffsetCheck().stored(records(0, 1), storedAt(answer))).toThrow(
    expect.objectContaining({ code: 'inDoubt' }),
  );
});
