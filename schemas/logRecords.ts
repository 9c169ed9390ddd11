import { LOG_APPEND_BYTES_MAX } from './limits.js';
import type { LogBatch, LogRecord, StoredRecord, TopicSpecification } from './log.js';
import { LogError } from './logError.js';

/** What a record counts for in every limit of the log. */
export function recordBytes(record: Pick<LogRecord, 'key' | 'value'>): number {
  return record.key.length + record.value.length;
}

/**
 * Refuses an append before any of it is sent.
 * @throws LogError unknownTopic, oversize
 */
export function checkAppend(
  records: readonly LogRecord[],
  find: (topic: string) => TopicSpecification | undefined,
): void {
  let sizeBytes = 0;
  for (const record of records) {
    const topic = find(record.topic);
    if (topic === undefined) throw new LogError('unknownTopic', `no topic ${record.topic}`);
    checkPartition(topic, record.partition);
    const bytes = recordBytes(record);
    if (bytes > topic.maxMessageBytes) {
      const limit = `${topic.name} takes at most ${topic.maxMessageBytes}`;
      throw new LogError('oversize', `a record of ${bytes} bytes; ${limit}`);
    }
    sizeBytes += bytes;
  }
  if (sizeBytes > LOG_APPEND_BYTES_MAX) {
    const limit = `at most ${LOG_APPEND_BYTES_MAX}`;
    throw new LogError('oversize', `an append of ${sizeBytes} bytes; ${limit}`);
  }
}

/** @throws LogError unknownTopic */
export function checkPartition(topic: TopicSpecification, partition: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < topic.partitions) return;
  const message = `${topic.name} has ${topic.partitions} partitions, and no ${partition}`;
  throw new LogError('unknownTopic', message);
}

/** Refuses a position that the partition does not hold. @throws LogError offsetOutOfRange */
export function checkOffset(
  topic: string,
  partition: number,
  fromOffset: bigint,
  range: { readonly first: bigint; readonly end: bigint },
): void {
  if (fromOffset >= range.first && fromOffset <= range.end) return;
  throw new LogError(
    'offsetOutOfRange',
    `${topic}/${partition} holds ${range.first} to ${range.end}, not ${fromOffset}`,
  );
}

/** Refuses a topic that exists in another form. @throws LogError topicMismatch */
export function checkTopic(found: TopicSpecification, wanted: TopicSpecification): void {
  const fields = ['partitions', 'compacted', 'maxMessageBytes'] as const;
  for (const field of fields) {
    if (found[field] === wanted[field]) continue;
    const message = `${wanted.name} has ${field} ${found[field]}, and not ${wanted[field]}`;
    throw new LogError('topicMismatch', message);
  }
}

/** Records of one partition on their way to a reader. */
export interface RecordRun extends Omit<LogBatch, 'records' | 'isFollowed'> {
  /** In offset order; each part is asked for when the one before it has been cut. */
  readonly parts: Iterable<readonly StoredRecord[]>;
}

/**
 * Cuts a run of records of one partition into batches of at most `maxBatchBytes`; one larger record
 * comes alone. The last batch goes on to `nextOffset`; a run without records is one empty batch.
 */
export function* cutBatches(run: RecordRun, maxBatchBytes: number): Generator<LogBatch> {
  const { topic, partition, nextOffset, endOffset } = run;
  let records: StoredRecord[] = [];
  let sizeBytes = 0;
  for (const part of run.parts) {
    for (const record of part) {
      const bytes = recordBytes(record);
      if (records.length > 0 && sizeBytes + bytes > maxBatchBytes) {
        yield { topic, partition, records, nextOffset: record.offset, endOffset };
        records = [];
        sizeBytes = 0;
      }
      records.push(record);
      sizeBytes += bytes;
    }
  }
  yield { topic, partition, records, nextOffset, endOffset };
}
