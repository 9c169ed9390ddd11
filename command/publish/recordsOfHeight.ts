import { encode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { type MerkleLevels, merkleLevels, merklePathIn } from '../../schemas/crypto/merkle.js';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { PublishableHeight } from '../ports.js';

/** Which partitions get a mark of a height that has no event there. */
export type EmptyMarks = 'all' | 'none';

/** Key of a mark: no event has an empty one, and tools that group by key keep marks apart. */
const MARK_KEY = new Uint8Array(0);

function markRecord(
  height: PublishableHeight,
  partition: number,
  topic: string,
  tree: MerkleLevels,
): LogRecord {
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
  return { topic, partition, key: MARK_KEY, value, timestampMs: block.header.timestampMs };
}

function eventRecords(
  height: PublishableHeight,
  partition: number,
  topic: string,
  keyOf: (value: Uint8Array) => Uint8Array,
): LogRecord[] {
  const { timestampMs } = height.certified.block.header;
  return present(height.events[partition], 'events').map((value) => ({
    topic,
    partition,
    key: keyOf(value),
    value,
    timestampMs,
  }));
}

/**
 * The records of a height, the same bytes whoever makes them but for signer sets: the block, then a
 * partition's events and the mark that proves them. A height with any event marks every partition,
 * so that all of them are known to be complete; one without events only where `emptyMarks` says so.
 */
export function recordsOfHeight(options: {
  readonly height: PublishableHeight;
  readonly topics: TopicNames;
  readonly emptyMarks: EmptyMarks;
  readonly keyOf: (value: Uint8Array) => Uint8Array;
}): LogRecord[] {
  const { height, topics, emptyMarks, keyOf } = options;
  const { certified, leaves, events } = height;
  const { shard, timestampMs } = certified.block.header;
  const block: LogRecord = {
    topic: topics.blocks,
    partition: shard,
    key: uint32(shard),
    value: encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } }),
    timestampMs,
  };
  const hasEvents = events.some((values) => values.length > 0);
  if (!hasEvents && emptyMarks === 'none') return [block];
  const tree = merkleLevels(leaves.map((leaf) => encode('PartitionLeaf', leaf)));
  const records = [block];
  for (let partition = 0; partition < leaves.length; partition++) {
    records.push(...eventRecords(height, partition, topics.events, keyOf));
    records.push(markRecord(height, partition, topics.events, tree));
  }
  return records;
}
