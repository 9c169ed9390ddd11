import { encode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { type MerkleLevels, merkleLevels, merklePathIn } from '../../schemas/crypto/merkle.js';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { PublishableHeight } from '../ports.js';
import { eventKey } from './eventKey.js';
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

function treeOf({ leaves }: PublishableHeight): MerkleLevels {
  return merkleLevels(leaves.map((leaf) => encode('PartitionLeaf', leaf)));
}

function markRecord(options: RecordsOptions, partition: number, tree: MerkleLevels): LogRecord {
  const { height, topics, publisher } = options;
  const { certificate, block } = height.certified;
  const { result } = certificate;
  const leaf = present(height.leaves[partition], 'leaf');
  const events = present(height.events[partition], 'events');
  const value = encode('EventsRecord', {
    body: {
      kind: 'HeightMark',
      shard: result.shard,
      partition,
      height: result.height,
      previousHeight: leaf.previousHeight,
      eventHashes: events.map(eventHash),
      path: merklePathIn(tree, partition),
      certificate,
    },
  });
  const { timestampMs } = block.header;
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
  const tree = treeOf(height);
  const records = [block];
  for (const [partition, { count }] of leaves.entries()) {
    if (count === 0) continue;
    records.push(...eventRecords(options, partition), markRecord(options, partition, tree));
  }
  return records;
}

/** The marks of the partitions without events, so that all of them are known to be complete. */
export function emptyMarksOfHeight(options: RecordsOptions): LogRecord[] {
  const { leaves } = options.height;
  const tree = treeOf(options.height);
  const empty = [...leaves.keys()].filter((partition) => leaves[partition]?.count === 0);
  return empty.map((partition) => markRecord(options, partition, tree));
}
