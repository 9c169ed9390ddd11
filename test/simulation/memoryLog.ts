import { assert } from '../../schemas/kernel/assert.js';
import type {
  Log,
  LogBatch,
  LogReader,
  LogRecord,
  LogSubscription,
  LogWriter,
  PartitionStart,
  StoredRecord,
  TopicSpecification,
} from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import {
  checkAppend,
  checkOffset,
  checkPartition,
  checkTopic,
  cutBatches,
} from '../../schemas/logRecords.js';

/** What may go wrong with the next append; asked once for each. */
export type AppendFault =
  /** The connection breaks and nothing is written. */
  | 'failBefore'
  /** The connection breaks after the commit: written, and the writer cannot know. */
  | 'failAfter'
  | null;

export interface MemoryLogOptions {
  /** Called with the writer's id and the count of appends so far, of all writers. */
  readonly faultOf?: (writerId: string, appends: number) => AppendFault;
}

/**
 * The log's contents, outliving every handle opened on it: closing and opening again is a restart.
 * Deterministic: no clock and no randomness, and whoever waits is woken by the append itself.
 */
export interface MemoryLogStore {
  open(): Log;
}

interface Partition {
  readonly records: StoredRecord[];
}

interface Store {
  readonly topics: Map<string, TopicSpecification>;
  readonly partitions: Map<string, Partition>;
  readonly epochs: Map<string, number>;
  readonly sleepers: Set<() => void>;
  readonly options: MemoryLogOptions;
  appends: number;
}

export function createMemoryLog(options: MemoryLogOptions = {}): MemoryLogStore {
  const store: Store = {
    topics: new Map(),
    partitions: new Map(),
    epochs: new Map(),
    sleepers: new Set(),
    options,
    appends: 0,
  };
  return { open: () => openLog(store) };
}

function openLog(store: Store): Log {
  const reader = createReader(store);
  return {
    reader,
    openWriter: async (writerId) => openWriter(store, writerId),
    ensureTopics: async (topics) => {
      for (const topic of topics) {
        const found = store.topics.get(topic.name);
        if (found !== undefined) checkTopic(found, topic);
      }
      for (const topic of topics) {
        if (!store.topics.has(topic.name)) store.topics.set(topic.name, { ...topic });
      }
    },
    close: () => reader.close(),
  };
}

function partitionOf(store: Store, topic: string, partition: number): Partition {
  const specification = store.topics.get(topic);
  if (specification === undefined) throw new LogError('unknownTopic', `no topic ${topic}`);
  checkPartition(specification, partition);
  const name = `${topic}/${partition}`;
  const found = store.partitions.get(name) ?? { records: [] };
  store.partitions.set(name, found);
  return found;
}

function endOf(partition: Partition): bigint {
  return BigInt(partition.records.length);
}

function wakeAll(store: Store): void {
  for (const wake of [...store.sleepers]) wake();
}

function commit(store: Store, records: readonly LogRecord[]): void {
  for (const record of records) {
    const partition = partitionOf(store, record.topic, record.partition);
    partition.records.push({
      ...record,
      // Copies: what a caller does with its arrays afterwards must not change the log.
      key: record.key.slice(),
      value: record.value.slice(),
      offset: endOf(partition),
    });
  }
  wakeAll(store);
}

function openWriter(store: Store, writerId: string): LogWriter {
  const epoch = (store.epochs.get(writerId) ?? 0) + 1;
  store.epochs.set(writerId, epoch);
  let usable = true;
  let busy = false;
  const write = async (records: readonly LogRecord[]): Promise<void> => {
    await Promise.resolve(); // as every real adapter, never done before the caller goes on
    if (store.epochs.get(writerId) !== epoch) {
      throw new LogError('fenced', `writer ${writerId} was opened again`);
    }
    const fault = store.options.faultOf?.(writerId, store.appends++) ?? null;
    if (fault === 'failBefore') throw new LogError('unreachable', 'the connection broke');
    commit(store, records);
    if (fault === 'failAfter') throw new LogError('unreachable', 'the connection broke');
  };
  return {
    append: async (records) => {
      assert(!busy, 'one append at a time');
      if (!usable) throw new LogError('discarded', `writer ${writerId} is no longer usable`);
      checkAppend(records, (topic) => store.topics.get(topic));
      if (records.length === 0) return;
      busy = true;
      try {
        await write(records);
      } catch (error) {
        usable = false;
        throw error;
      } finally {
        busy = false;
      }
    },
    close: async () => {
      usable = false;
    },
  };
}

interface Cursor {
  readonly topic: string;
  readonly partition: number;
  nextOffset: bigint;
}

function readNew(store: Store, cursor: Cursor, maxBatchBytes: number): readonly LogBatch[] {
  const { topic, partition } = cursor;
  const contents = partitionOf(store, topic, partition);
  const endOffset = endOf(contents);
  if (cursor.nextOffset === endOffset) return [];
  const records = contents.records.slice(Number(cursor.nextOffset));
  cursor.nextOffset = endOffset;
  const run = { topic, partition, parts: [records], nextOffset: endOffset, endOffset };
  return [...cutBatches(run, maxBatchBytes)];
}

async function* follow(
  store: Store,
  cursors: readonly Cursor[],
  maxBatchBytes: number,
  isClosed: () => boolean,
): AsyncGenerator<LogBatch, void, void> {
  while (!isClosed()) {
    let idle = true;
    for (const cursor of cursors) {
      for (const batch of readNew(store, cursor, maxBatchBytes)) {
        if (isClosed()) return;
        idle = false;
        yield batch;
      }
    }
    // Nothing was awaited since the last look, so no append can be missed.
    if (idle) await new Promise<void>((wake) => sleepUntilWoken(store, wake));
  }
}

function sleepUntilWoken(store: Store, wake: () => void): void {
  const once = (): void => {
    store.sleepers.delete(once);
    wake();
  };
  store.sleepers.add(once);
}

function createReader(store: Store): LogReader {
  const open = new Set<LogSubscription>();
  const offsets = async (topic: string, partition: number) => ({
    first: 0n,
    end: endOf(partitionOf(store, topic, partition)),
  });
  const openCursor = async (start: PartitionStart): Promise<Cursor> => {
    const { topic, partition, fromOffset } = start;
    checkOffset(topic, partition, fromOffset, await offsets(topic, partition));
    return { topic, partition, nextOffset: fromOffset };
  };
  const subscribe: LogReader['subscribe'] = async ({ partitions, maxBatchBytes }) => {
    assert(maxBatchBytes > 0, 'maxBatchBytes must be positive');
    assert(partitions.length > 0, 'a subscription needs a partition');
    const cursors: Cursor[] = [];
    for (const start of partitions) cursors.push(await openCursor(start));
    let closed = false;
    const subscription: LogSubscription = {
      batches: follow(store, cursors, maxBatchBytes, () => closed),
      close: async () => {
        closed = true;
        open.delete(subscription);
        wakeAll(store);
      },
    };
    open.add(subscription);
    return subscription;
  };
  return {
    subscribe,
    offsets,
    close: async () => {
      for (const subscription of [...open]) await subscription.close();
    },
  };
}
