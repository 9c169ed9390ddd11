import type { Kafka, Message, Producer, TopicMessages, Transaction } from 'kafkajs';
import { assert, present } from '../../schemas/kernel/assert.js';
import { LOG_ROW_BYTES_MAX } from '../../schemas/limits.js';
import type { LogRecord, LogWriter } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { checkAppend, recordBytes } from '../../schemas/logRecords.js';
import type { AdapterLog } from '../postgres/connection.js';
import { CLIENT_RETRY, type ReadConnection } from './client.js';
import { coordinatorRefusal } from './coordinatorRefusal.js';
import { toLogError } from './errors.js';
import { commitForgotten, heldBack } from './forgottenTransaction.js';
import { createOffsetCheck, type OffsetCheck } from './offsetCheck.js';
import { nameOf } from './partitionEnds.js';
import { readableWait } from './readableWait.js';
import { createRepeatCheck, type RepeatCheck } from './repeatCheck.js';
import type { TopicCatalog } from './topicCatalog.js';

/** An open transaction stalls the readers of its partitions; the broker aborts it after this. */
const TRANSACTION_TIMEOUT_MS = 12_000;
/** One produce request, well below the broker's socket.request.max.bytes of 100 MiB. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Cuts an append into produce requests: the client makes one record batch of all that a request has
 * for a partition, and a batch must fit in the topic's max.message.bytes.
 */
function planRequests(records: readonly LogRecord[]): readonly (readonly LogRecord[])[] {
  const requests: LogRecord[][] = [];
  let request: LogRecord[] = [];
  let requestBytes = 0;
  let batchBytes = new Map<string, number>();
  for (const record of records) {
    const batch = nameOf(record);
    const bytes = recordBytes(record);
    const inBatch = batchBytes.get(batch) ?? 0;
    const isFull = inBatch > 0 && inBatch + bytes > LOG_ROW_BYTES_MAX;
    if (request.length > 0 && (isFull || requestBytes + bytes > REQUEST_BYTES_MAX)) {
      requests.push(request);
      request = [];
      requestBytes = 0;
      batchBytes = new Map();
    }
    request.push(record);
    requestBytes += bytes;
    batchBytes.set(batch, (batchBytes.get(batch) ?? 0) + bytes);
  }
  requests.push(request);
  return requests;
}

/**
 * The first partition of a transaction is sent alone where brokers share the partitions: the broker
 * that coordinates may still be ending the transaction before, and says so to each of them on its
 * own. Nothing is on its way to any other while the client asks again.
 */
function firstAlone(
  requests: readonly (readonly LogRecord[])[],
): readonly (readonly LogRecord[])[] {
  const [first = [], ...later] = requests;
  const name = nameOf(present(first[0], 'record'));
  const isOfFirst = (record: LogRecord) => nameOf(record) === name;
  const others = first.filter((record) => !isOfFirst(record));
  return others.length === 0 ? requests : [first.filter(isOfFirst), others, ...later];
}

function toTopicMessages(records: readonly LogRecord[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const record of records) {
    const message: Message = {
      key: view(record.key),
      value: view(record.value),
      partition: record.partition,
      timestamp: String(record.timestampMs),
    };
    const messages = byTopic.get(record.topic);
    if (messages === undefined) byTopic.set(record.topic, [message]);
    else messages.push(message);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

interface WriterOptions {
  readonly client: Kafka;
  readonly catalog: TopicCatalog;
  /** To ask where partitions end. */
  readonly connection: ReadConnection;
  readonly writerId: string;
  readonly log: AdapterLog;
}

interface Opened {
  readonly producer: Producer;
  /** The first one asks for the producer's epoch, and that is what fences the old one. */
  readonly first: Transaction;
}

/** @throws the client's errors */
async function openProducer({ client, writerId, log }: WriterOptions): Promise<Opened> {
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

async function leave(producer: Producer, log: AdapterLog): Promise<void> {
  const close = producer.disconnect();
  await close.catch((error: unknown) => log.debug({ err: error }, 'closing'));
}

/**
 * Opens a producer, and once more where the broker turns out to have forgotten what the one before
 * committed: then that is committed first. Partitions that are held back for other reasons, as by
 * the transaction of another writer, are none of this one's business. @throws the client's errors
 */
async function openSettled(options: WriterOptions): Promise<Opened> {
  const { catalog, connection, writerId, log } = options;
  const opened = await openProducer(options);
  try {
    const held = await heldBack(connection.cluster, catalog.partitions());
    if (held.length === 0) return opened;
    log.info({ writerId, partitions: held.map(nameOf) }, 'committing what may be forgotten');
    await commitForgotten(connection.cluster, writerId, held);
  } catch (error) {
    await leave(opened.producer, log);
    throw error;
  }
  await leave(opened.producer, log);
  return openProducer(options);
}

/**
 * A transactional producer, fenced by its transactional id. Thrown away at the first doubt: after
 * any error its sequence numbers may repeat those of records that were stored, and the broker would
 * take new records for old ones (reference event-sourcing 3.3).
 */
export async function openKafkaWriter(options: WriterOptions): Promise<LogWriter> {
  const { catalog, connection, writerId, log } = options;
  const { producer, first } = await openSettled(options).catch(async (error: unknown) => {
    const cause = await coordinatorRefusal(connection.cluster, writerId, error);
    throw toLogError(cause, `writer ${writerId}`);
  });
  const checks = { offsets: createOffsetCheck(), repeats: createRepeatCheck(producer) };
  let next: Transaction | null = first;
  let usable = true;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    usable = false;
    return (closing ??= producer.disconnect());
  };
  let busy = false;
  const append = async (records: readonly LogRecord[]): Promise<void> => {
    assert(!busy, 'one append at a time');
    if (!usable) throw new LogError('discarded', `writer ${writerId} is no longer usable`);
    busy = true;
    try {
      await catalog.load(records.map((record) => record.topic));
      checkAppend(records, catalog.known);
      if (records.length === 0) return;
      const transaction = next ?? (await begin(producer));
      next = null;
      await commit(transaction, records, checks, log).catch((error: unknown) => {
        usable = false;
        throw error;
      });
      await readable(records);
    } finally {
      busy = false;
    }
  };
  const begin = async (from: Producer): Promise<Transaction> => {
    try {
      return await from.transaction();
    } catch (error) {
      usable = false;
      throw toLogError(error);
    }
  };
  const readable = async (records: readonly LogRecord[]): Promise<void> => {
    try {
      await readableWait(connection.cluster, checks.offsets.ends(records));
    } catch (error) {
      usable = false;
      throw toLogError(error);
    }
  };
  return { append, close };
}

/** Every message names its partition: ours is a rule of the protocol, not the client's hash. */
function namedPartition({ message }: { readonly message: Message }): number {
  return present(message.partition, 'the partition of a message');
}

async function commit(
  transaction: Transaction,
  records: readonly LogRecord[],
  { offsets, repeats }: { readonly offsets: OffsetCheck; readonly repeats: RepeatCheck },
  log: AdapterLog,
): Promise<void> {
  const started = performance.now();
  try {
    const requests = planRequests(records);
    for (const request of repeats.brokers === 1 ? requests : firstAlone(requests)) {
      const topicMessages = toTopicMessages(request);
      repeats.begin();
      offsets.stored(request, await transaction.sendBatch({ acks: -1, topicMessages }));
      repeats.end();
    }
    await transaction.commit();
  } catch (error) {
    // So that readers need not wait for the timeout; when it fails the broker aborts by itself.
    await transaction.abort().catch((abortError: unknown) => {
      log.debug({ err: abortError }, 'a broken transaction is left to its timeout');
    });
    const failure = toLogError(error);
    // A transaction that ran into its timeout loses its epoch too, without any other writer.
    const timedOut = performance.now() - started >= TRANSACTION_TIMEOUT_MS;
    if (failure.code !== 'fenced' || !timedOut) throw failure;
    throw new LogError('unreachable', 'the transaction took too long and was aborted', error);
  }
}
