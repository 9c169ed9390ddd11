import { present } from '../../schemas/kernel/assert.js';
import { LOG_ROW_BYTES_MAX } from '../../schemas/limits.js';
import type { LogRecord } from '../../schemas/log.js';
import { recordBytes } from '../../schemas/logRecords.js';
import { nameOf, type PartitionName } from './logCluster.js';

/** One produce request, well below the broker's socket.request.max.bytes of 100 MiB. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Cuts an append into produce requests: the client makes one record batch of all that a request has
 * for a partition, and a batch must fit in the topic's max.message.bytes.
 */
export function planRequests(records: readonly LogRecord[]): readonly (readonly LogRecord[])[] {
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
export function firstAlone(
  requests: readonly (readonly LogRecord[])[],
): readonly (readonly LogRecord[])[] {
  const [first = [], ...later] = requests;
  const name = nameOf(present(first[0], 'record'));
  const isOfFirst = (record: LogRecord) => nameOf(record) === name;
  const others = first.filter((record) => !isOfFirst(record));
  return others.length === 0 ? requests : [first.filter(isOfFirst), others, ...later];
}

/** Records of one partition, in their order. */
export interface PartitionRecords extends PartitionName {
  readonly records: readonly LogRecord[];
}

/** By partition, in the order in which they come first. */
export function byPartition(records: readonly LogRecord[]): readonly PartitionRecords[] {
  const groups: (PartitionName & { readonly records: LogRecord[] })[] = [];
  const byTopic = new Map<string, LogRecord[][]>(); // no name is made for each record
  for (const record of records) {
    const { topic, partition } = record;
    let ofTopic = byTopic.get(topic);
    if (ofTopic === undefined) byTopic.set(topic, (ofTopic = []));
    let group = ofTopic[partition];
    if (group === undefined) {
      ofTopic[partition] = group = [];
      groups.push({ topic, partition, records: group });
    }
    group.push(record);
  }
  return groups;
}

/** Record batches of one partition, each as large as one may be. */
function batches({ topic, partition, records }: PartitionRecords): PartitionRecords[] {
  const all: PartitionRecords[] = [];
  let batch: LogRecord[] = [];
  let batchBytes = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    if (batch.length > 0 && batchBytes + bytes > LOG_ROW_BYTES_MAX) {
      all.push({ topic, partition, records: batch });
      batch = [];
      batchBytes = 0;
    }
    batch.push(record);
    batchBytes += bytes;
  }
  all.push({ topic, partition, records: batch });
  return all;
}

/** Requests of record batches by partition: of each at most one in a request, in their order. */
export function planBatches(
  partitions: readonly PartitionRecords[],
): readonly (readonly PartitionRecords[])[] {
  const queues = partitions.map(batches);
  const requests: PartitionRecords[][] = [];
  for (let turn = 0; queues.some((queue) => turn < queue.length); turn++) {
    let request: PartitionRecords[] = [];
    let requestBytes = 0;
    for (const queue of queues) {
      const batch = queue[turn];
      if (batch === undefined) continue;
      const bytes = batch.records.reduce((sum, record) => sum + recordBytes(record), 0);
      if (request.length > 0 && requestBytes + bytes > REQUEST_BYTES_MAX) {
        requests.push(request);
        request = [];
        requestBytes = 0;
      }
      request.push(batch);
      requestBytes += bytes;
    }
    requests.push(request);
  }
  return requests;
}

/** The same bytes, as clients want them. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
