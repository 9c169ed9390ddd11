import { encode } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { PublishableHeight } from '../ports.js';
import { eventKey } from './eventKey.js';
import { marksOf } from './heightMarks.js';
import { markKey } from './markKey.js';

export interface RecordsOptions {
  readonly height: PublishableHeight;
  readonly topics: TopicNames;
  /** Index of the validator that publishes; stands in the keys of its marks. */
  readonly publisher: number;
}

/** Whether anything happened in any partition at this height. */
export function hasEvents({ leaves }: PublishableHeight): boolean {
  return leaves.some(({ count }) => count > 0);
}

function markRecord({ height, topics, publisher }: RecordsOptions, partition: number): LogRecord {
  const value = marksOf(height).value(partition);
  const { timestampMs } = height.certified.block.header;
  return { topic: topics.events, partition, key: markKey(publisher), value, timestampMs };
}

function eventRecords({ height, topics }: RecordsOptions, partition: number): LogRecord[] {
  const { timestampMs } = height.certified.block.header;
  return present(height.events[partition], 'events').map((value) => ({
    topic: topics.events,
    partition,
    key: eventKey(value),
    value,
    timestampMs,
  }));
}

/**
 * The records of a height, the same bytes whoever makes them but for signer sets and the keys of
 * marks: the block, then a partition's events and the mark that proves them.
 */
export function recordsOfHeight(options: RecordsOptions): LogRecord[] {
  const { height, topics } = options;
  const { certified, leaves } = height;
  const { shard, timestampMs } = certified.block.header;
  const block: LogRecord = {
    topic: topics.blocks,
    partition: shard,
    key: uint32(shard),
    value: encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } }),
    timestampMs,
  };
  if (!hasEvents(height)) return [block];
  const records = [block];
  for (const [partition, { count }] of leaves.entries()) {
    if (count === 0) continue;
    records.push(...eventRecords(options, partition), markRecord(options, partition));
  }
  return records;
}

/** The marks of the partitions without events, so that all of them are known to be complete. */
export function emptyMarksOfHeight(options: RecordsOptions): LogRecord[] {
  const { leaves } = options.height;
  const empty = [...leaves.keys()].filter((partition) => leaves[partition]?.count === 0);
  return empty.map((partition) => markRecord(options, partition));
}
