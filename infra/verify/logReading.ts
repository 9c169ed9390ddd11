import { VERIFY_BATCH_BYTES } from '../../schemas/limits.js';
import type { LogBatch, LogReader, LogSubscription, PartitionStart } from '../../schemas/log.js';

/** Ranges of one topic's partitions; else from first records to ends as they are at the start. */
export interface LogReading {
  /** Partitions without records. */
  readonly empty: readonly number[];
  /** So many offsets lie between beginnings and ends; so many of them were read. */
  readonly offsets: number;
  read(): number;
  /** The next records of a partition; null when all have been read. */
  next(): Promise<PartitionRecords | null>;
  close(): Promise<void>;
}

export interface PartitionRecords {
  readonly partition: number;
  readonly records: LogBatch['records'];
  /** No others follow in this partition. */
  readonly isLast: boolean;
}

/** How far the work on a log is. */
export interface LogProgress {
  readonly height: number;
  /** Executed so far. */
  readonly commands: number;
  /** Of all records that are to be read, 0 to 1. */
  readonly share: number;
}

/** Offsets from the first on, up to, not with, the second. */
export interface OffsetRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** `rangeOf`: what of a partition to read instead of all. @throws LogError */
export async function openLogReading(
  reader: LogReader,
  topic: string,
  partitions: readonly number[],
  rangeOf: (partition: number) => Partial<OffsetRange> = () => ({}),
): Promise<LogReading> {
  const ends = new Map<number, bigint>();
  const starts: PartitionStart[] = [];
  let offsets = 0;
  for (const partition of partitions) {
    const { first, end: newest } = await reader.offsets(topic, partition);
    const { from: fromOffset = first, to: end = newest } = rangeOf(partition);
    if (fromOffset >= end) continue;
    ends.set(partition, end);
    starts.push({ topic, partition, fromOffset });
    offsets += Number(end - fromOffset);
  }
  const empty = partitions.filter((partition) => !ends.has(partition));
  const subscription: LogSubscription | null =
    starts.length === 0
      ? null
      : await reader.subscribe({ partitions: starts, maxBatchBytes: VERIFY_BATCH_BYTES });
  const batches = subscription?.batches[Symbol.asyncIterator]();
  const places = new Map(starts.map(({ partition, fromOffset }) => [partition, fromOffset]));
  let read = 0;
  return {
    empty,
    offsets,
    read: () => read,
    async next() {
      while (ends.size > 0 && batches !== undefined) {
        const { done, value } = await batches.next();
        if (done === true) return null;
        const { partition, records, nextOffset } = value;
        const end = ends.get(partition);
        if (end === undefined) continue;
        const isLast = nextOffset >= end;
        const place = isLast ? end : nextOffset;
        read += Number(place - (places.get(partition) ?? place));
        places.set(partition, place);
        if (isLast) ends.delete(partition);
        const own = isLast ? records.filter(({ offset }) => offset < end) : records;
        return { partition, records: own, isLast };
      }
      return null;
    },
    close: async () => subscription?.close(),
  };
}
