import { decode } from '../../schemas/codec/codec.js';
import { resultDigest } from '../../schemas/crypto/digests.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { PUBLISH_TAIL_BATCH_BYTES, PUBLISH_TAIL_WINDOW } from '../../schemas/limits.js';
import type { LogReader, StoredRecord } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { Result } from '../../schemas/types/block.js';
import type { HeightSource } from '../ports.js';

/** Where a log has got to, by what this validator knows to be certified. */
export interface LogTail {
  /** Everything up to here stands in the log: the block, its events and their marks. */
  readonly height: number;
  /** Where reading `blocks` goes on. */
  readonly blocksOffset: bigint;
}

export interface TailOptions {
  readonly reader: LogReader;
  readonly topics: TopicNames;
  readonly shard: number;
  readonly eventPartitions: number;
  readonly source: HeightSource;
  /** A tail that was read or written before. */
  readonly from: LogTail;
}

/** Own certified results are the measure: two digests tell whether a record is of our history. */
async function isOurs(result: Result, source: HeightSource): Promise<boolean> {
  if (result.height > source.certifiedTip()) return false;
  const tip = await source.tip(result.height);
  return tip !== null && equalBytes(tip.resultDigest, resultDigest(result));
}

/** Reads a partition from `from` to its end of now, or up to the record where `onValue` says stop. */
async function readToEnd(
  reader: LogReader,
  topic: string,
  partition: number,
  from: bigint,
  onValue: (value: Uint8Array) => Promise<'next' | 'stop'>,
): Promise<bigint> {
  const { end } = await reader.offsets(topic, partition);
  if (from >= end) return from;
  const subscription = await reader.subscribe({
    partitions: [{ topic, partition, fromOffset: from }],
    maxBatchBytes: PUBLISH_TAIL_BATCH_BYTES,
  });
  let next = from;
  for await (const batch of subscription.batches) {
    const stop = await firstStop(batch.records, onValue);
    next = stop?.offset ?? batch.nextOffset;
    if (stop !== null || next >= end) break;
  }
  await subscription.close();
  return next;
}

async function firstStop(
  records: readonly StoredRecord[],
  onValue: (value: Uint8Array) => Promise<'next' | 'stop'>,
): Promise<StoredRecord | null> {
  for (const record of records) if ((await onValue(record.value)) === 'stop') return record;
  return null;
}

/** Follows `blocks`: each next height of our history counts, everything else is somebody's noise. */
export async function followBlocks(options: TailOptions): Promise<LogTail> {
  const { reader, topics, shard, source, from } = options;
  let { height } = from;
  const blocksOffset = await readToEnd(
    reader,
    topics.blocks,
    shard,
    from.blocksOffset,
    async (value) => {
      const decoded = decode('BlocksRecord', value);
      if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') return 'next';
      const { result } = decoded.value.body.certificate;
      if (result.height !== height + 1) return 'next';
      // Ahead of what is certified here: looked at again when this validator knows better.
      if (result.height > source.certifiedTip()) return 'stop';
      if (await isOurs(result, source)) height = result.height;
      return 'next';
    },
  );
  return { height, blocksOffset };
}

/** The newest mark of our history in a partition; 0 when there is none. */
async function newestMark(options: TailOptions, partition: number): Promise<number> {
  const { reader, topics, source } = options;
  const { first, end } = await reader.offsets(topics.events, partition);
  for (let window = BigInt(PUBLISH_TAIL_WINDOW); ; window *= 4n) {
    const from = end - window > first ? end - window : first;
    let newest = 0;
    await readToEnd(reader, topics.events, partition, from, async (value) => {
      const decoded = decode('EventsRecord', value);
      if (!decoded.ok || decoded.value.body.kind !== 'HeightMark') return 'next';
      const { result } = decoded.value.body.certificate;
      if (result.height > newest && (await isOurs(result, source))) newest = result.height;
      return 'next';
    });
    if (newest > 0 || from === first) return newest;
  }
}

/** Last height up to `height` that has any event, hence a mark in every partition. */
async function lastMarked(height: number, source: HeightSource): Promise<number> {
  if (height === 0) return 0;
  const newest = await source.height(height);
  if (newest === null) return height;
  if (newest.events.some((values) => values.length > 0)) return height;
  return newest.leaves.reduce((last, { previousHeight }) => Math.max(last, previousHeight), 0);
}

/**
 * The tail, read back before anything is written: the lowest height over `blocks` and all events
 * partitions. Costs a read of `blocks` behind `from`, and of the end of every partition.
 */
export async function readTail(options: TailOptions): Promise<LogTail> {
  const tail = await followBlocks(options);
  const marked = await lastMarked(tail.height, options.source);
  let { height } = tail;
  for (let partition = 0; partition < options.eventPartitions; partition++) {
    const mark = await newestMark(options, partition);
    if (mark < marked) height = Math.min(height, mark);
  }
  return { height, blocksOffset: tail.blocksOffset };
}
