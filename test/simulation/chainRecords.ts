import { encode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { merklePath } from '../../schemas/crypto/merkle.js';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import type { LogRecord } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { ChainedHeight } from './certifiedChain.js';

/** The value of a height's record in the blocks topic. */
export function blockRecord({ certified }: ChainedHeight): Uint8Array {
  return encode('BlocksRecord', { body: { kind: 'CertifiedBlock', ...certified } });
}

/** The value of the mark of a height and partition. */
export function markRecord(height: ChainedHeight, partition: number): Uint8Array {
  const { certified, leaves, events } = height;
  const encodedLeaves = leaves.map((leaf) => encode('PartitionLeaf', leaf));
  return encode('EventsRecord', {
    body: {
      kind: 'HeightMark',
      shard: certified.block.header.shard,
      partition,
      height: certified.block.header.height,
      previousHeight: present(leaves[partition], 'a leaf').previousHeight,
      eventHashes: present(events[partition], 'a partition').map(eventHash),
      path: merklePath(encodedLeaves, partition),
      certificate: certified.certificate,
    },
  });
}

/** All records of a height as a publisher writes them: block, then events and mark by partition. */
export function heightRecords(height: ChainedHeight, topics: TopicNames): LogRecord[] {
  const { timestampMs, shard } = height.certified.block.header;
  const record = (topic: string, partition: number, value: Uint8Array): LogRecord => ({
    topic,
    partition,
    key: uint32(shard),
    value,
    timestampMs,
  });
  const events = height.events.flatMap((values, partition) =>
    [...values, markRecord(height, partition)].map((value) =>
      record(topics.events, partition, value),
    ),
  );
  return [record(topics.blocks, shard, blockRecord(height)), ...events];
}
