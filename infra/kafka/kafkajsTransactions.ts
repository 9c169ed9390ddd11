import type { Kafka, Message, Producer, RecordMetadata, TopicMessages, Transaction } from 'kafkajs';
import { present } from '../../schemas/kernel/assert.js';
import type { LogRecord } from '../../schemas/log.js';
import type { AdapterLog } from '../postgres/connection.js';
import { CLIENT_RETRY } from './client.js';
import { createOffsetCheck, type StoredAt } from './offsetCheck.js';
import { bufferOf, firstAlone, planRequests } from './produceRequests.js';
import { createRepeatCheck } from './repeatCheck.js';
import { TRANSACTION_TIMEOUT_MS, type Transactions } from './transactions.js';

function toTopicMessages(records: readonly LogRecord[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const record of records) {
    const message: Message = {
      key: bufferOf(record.key),
      value: bufferOf(record.value),
      partition: record.partition,
      timestamp: String(record.timestampMs),
    };
    const messages = byTopic.get(record.topic);
    if (messages === undefined) byTopic.set(record.topic, [message]);
    else messages.push(message);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

/** An answer of the client, with every partition as often as it stands there. */
export function storedAt(answer: readonly RecordMetadata[]): readonly StoredAt[] {
  return answer.map(({ topicName, partition, baseOffset }) => ({
    ...{ topic: topicName, partition },
    baseOffset: BigInt(present(baseOffset, 'a base offset')),
  }));
}

/** Every message names its partition: ours is a rule of the protocol, not the client's hash. */
function namedPartition({ message }: { readonly message: Message }): number {
  return present(message.partition, 'the partition of a message');
}

async function leave(producer: Producer, log: AdapterLog): Promise<void> {
  const close = producer.disconnect();
  await close.catch((error: unknown) => log.debug({ err: error }, 'closing'));
}

interface Opened {
  readonly producer: Producer;
  /** The first one asks for the producer's epoch, and that is what fences the old one. */
  readonly first: Transaction;
}

async function openProducer(client: Kafka, writerId: string, log: AdapterLog): Promise<Opened> {
  const producer = client.producer({
    transactionalId: writerId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    allowAutoTopicCreation: false,
    retry: CLIENT_RETRY,
    createPartitioner: () => namedPartition,
  });
  try {
    await producer.connect();
    return { producer, first: await producer.transaction() };
  } catch (error) {
    await leave(producer, log);
    throw error;
  }
}

/**
 * Transactions of a producer of kafkajs. Its sequence numbers may repeat those of records that were
 * stored, after any error, and the broker would take new records for old ones (reference
 * event-sourcing 3.3): so it is used no more then. @throws the client's errors
 */
export async function openKafkajsTransactions(
  client: Kafka,
  writerId: string,
  log: AdapterLog,
): Promise<Transactions> {
  const { producer, first } = await openProducer(client, writerId, log);
  const offsets = createOffsetCheck();
  const repeats = createRepeatCheck(producer);
  let next: Transaction | null = first;
  let open: Transaction | null = null;
  return {
    async write(records) {
      open = next ?? (await producer.transaction());
      next = null;
      const requests = planRequests(records);
      for (const request of repeats.brokers === 1 ? requests : firstAlone(requests)) {
        const topicMessages = toTopicMessages(request);
        repeats.begin();
        const answer = await open.sendBatch({ acks: -1, topicMessages });
        offsets.stored(request, storedAt(answer));
        repeats.end();
      }
      await open.commit();
      return offsets.ends(records);
    },
    abort: async () => open?.abort(),
    close: () => leave(producer, log),
  };
}
