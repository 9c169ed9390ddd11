import { sha256 } from './crypto/sha256.js';
import { toHex } from './kernel/bytes.js';
import { MAX_FRAME_BYTES } from './limits.js';
import type { TopicSpecification } from './log.js';

/** Bytes of the chain id that stand in topic names: enough to tell chains apart. */
const CHAIN_NAME_BYTES = 8;

export interface TopicNames {
  readonly blocks: string;
  readonly events: string;
}

/** With what all names of a chain on the log begin: `nullspace.<16 digits of the chain id>.` */
export function topicPrefix(chainId: Uint8Array): string {
  return `nullspace.${toHex(chainId.subarray(0, CHAIN_NAME_BYTES))}.`;
}

/** Names of a chain's topics, `nullspace.<first 16 hex digits of the chain id>.<topic>`. */
export function topicNames(chainId: Uint8Array): TopicNames {
  const prefix = topicPrefix(chainId);
  return { blocks: `${prefix}blocks`, events: `${prefix}events` };
}

/**
 * Under which the publishers of a shard write: all under this one, which fences; a validator that
 * was fenced away too often under `<id>.<its index>`.
 */
export function writerId(chainId: Uint8Array, shard: number): string {
  return `${topicNames(chainId).blocks}.publisher.${shard}`;
}

/** The one manifest from which topics are created and checked (DESIGN section 6). */
export function topicManifest(
  chainId: Uint8Array,
  shards: number,
  eventPartitions: number,
): readonly TopicSpecification[] {
  const names = topicNames(chainId);
  const common = { compacted: false, maxMessageBytes: MAX_FRAME_BYTES };
  return [
    { name: names.blocks, partitions: shards, ...common },
    { name: names.events, partitions: eventPartitions, ...common },
  ];
}

/** The events partition of a key: the leading 32 bits of its SHA-256, scaled to the partitions. */
export function eventPartition(key: Uint8Array, partitions: number): number {
  const digest = sha256(key);
  const leading = ((digest[0]! << 24) | (digest[1]! << 16) | (digest[2]! << 8) | digest[3]!) >>> 0;
  return Math.floor((leading * partitions) / 2 ** 32);
}
