import { readEventHead } from '../../projections/runner/eventHead.js';
import { decode, decodeViews } from '../../schemas/codec/codec.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { LogReader, PartitionStart, StoredRecord } from '../../schemas/log.js';

const LOOK_BYTES = 64 * 1024;

/**
 * The first record of a partition from an offset on; null when there is none below `end`, which is
 * at most the partition's. @throws LogError
 */
export async function recordFrom(
  reader: LogReader,
  start: PartitionStart,
  end: bigint,
): Promise<StoredRecord | null> {
  if (start.fromOffset >= end) return null;
  const subscription = await reader.subscribe({ partitions: [start], maxBatchBytes: LOOK_BYTES });
  try {
    for await (const { records, nextOffset } of subscription.batches) {
      const [first] = records;
      if (first !== undefined) return first.offset < end ? first : null;
      if (nextOffset >= end) return null;
    }
    return null;
  } finally {
    await subscription.close();
  }
}

/** The height that a record of `blocks` says it is of; nothing is verified. Null: of none. */
export function blockHeight(value: Uint8Array): number | null {
  const decoded = decodeViews('BlocksRecord', value, MAX_FRAME_BYTES);
  if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') return null;
  return decoded.value.body.block.header.height;
}

/** The same of a record of `events`. */
export function eventsHeight(value: Uint8Array): number | null {
  const head = readEventHead(value);
  if (head !== null) return head.height;
  const decoded = decode('EventsRecord', value);
  return decoded.ok && decoded.value.body.kind !== 'EpochStart' ? decoded.value.body.height : null;
}

/**
 * Where the records of heights above `height` begin, if heights never fall along the partition,
 * between two offsets. A hint: whoever wrote them may have written them in any order.
 */
export async function boundaryOf(
  reader: LogReader,
  partition: { readonly topic: string; readonly partition: number },
  range: { readonly from: bigint; readonly to: bigint },
  height: number,
  heightOf: (value: Uint8Array) => number | null,
): Promise<bigint> {
  let low = range.from;
  let high = range.to;
  while (low < high) {
    const fromOffset = (low + high) / 2n;
    const record = await recordFrom(reader, { ...partition, fromOffset }, range.to);
    const found = record === null ? null : heightOf(record.value);
    if (record !== null && found !== null && found <= height) low = record.offset + 1n;
    else high = fromOffset;
  }
  return low;
}
