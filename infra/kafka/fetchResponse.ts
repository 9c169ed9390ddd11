import type { LogBatch, StoredRecord } from '../../schemas/log.js';

/** A record as a client decodes it; control records are the markers of transactions. */
export interface FetchedMessage {
  readonly offset: string | bigint;
  readonly timestamp: string | bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string | bigint; readonly inTransaction: boolean };
}

/** One partition of a fetch response, version 4 or later. */
export interface FetchedPartition {
  readonly partition: number;
  readonly lastStableOffset: string | bigint;
  readonly abortedTransactions: readonly {
    readonly producerId: string | bigint;
    readonly firstOffset: string | bigint;
  }[];
  readonly messages: readonly FetchedMessage[];
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

/** Key of a marker: version (int16), then type (int16), 0 for an abort. */
function isAbortMarker(message: FetchedMessage): boolean {
  return message.key !== null && message.key.length >= 4 && message.key.readInt16BE(2) === 0;
}

const EMPTY = new Uint8Array(0);

function bytes(buffer: Buffer | null): Uint8Array {
  if (buffer === null) return EMPTY;
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/**
 * The committed records of one fetched partition from `fromOffset` on. Records of aborted
 * transactions are dropped by the response's own list: a producer is in one from its first offset
 * until its abort marker. (The client's own filter takes any record with the key 00000000 for such
 * a marker, and shows what follows.)
 */
export function committedRecords(
  topic: string,
  fetched: FetchedPartition,
  fromOffset: bigint,
): LogBatch {
  const { partition } = fetched;
  const aborted = fetched.abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const inAborted = new Set<string | bigint>();
  const records: StoredRecord[] = [];
  let nextOffset = fromOffset;
  let following = 0;
  for (const message of fetched.messages) {
    const offset = BigInt(message.offset);
    for (let one = aborted[following]; one && one.firstOffset <= offset; one = aborted[following]) {
      inAborted.add(one.producerId);
      following++;
    }
    const { producerId, inTransaction } = message.batchContext;
    if (message.isControlRecord && isAbortMarker(message)) inAborted.delete(producerId);
    if (offset < fromOffset) continue; // a batch comes whole, also when we begin inside of it
    nextOffset = offset + 1n;
    if (message.isControlRecord || (inTransaction && inAborted.has(producerId))) continue;
    const [key, value] = [bytes(message.key), bytes(message.value)];
    records.push({ topic, partition, key, value, timestampMs: Number(message.timestamp), offset });
  }
  const stable = BigInt(fetched.lastStableOffset);
  // A response can be older than what another told us; the end is never before the position.
  const endOffset = stable < nextOffset ? nextOffset : stable;
  return { topic, partition, records, nextOffset, endOffset };
}
