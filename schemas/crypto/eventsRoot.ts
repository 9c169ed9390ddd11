import { encode } from '../codec/codec.js';
import type { HeightMark, PartitionLeaf } from '../types/event.js';
import { verifyResultCertificate } from './certifiedBlock.js';
import type { EpochKeys } from './epochKeys.js';
import { merkleRoot, verifyMerklePath } from './merkle.js';
import type { SignatureVerifier } from './signatures.js';

/** The leaf of one partition at one height: its events' hashes in their order. */
export function partitionLeaf(
  previousHeight: number,
  eventHashes: readonly Uint8Array[],
): PartitionLeaf {
  return { previousHeight, count: eventHashes.length, eventsRoot: merkleRoot(eventHashes) };
}

/** RFC 6962 root over one framed leaf a partition, in partition order. */
export function eventsRoot(leaves: readonly PartitionLeaf[]): Uint8Array {
  return merkleRoot(leaves.map((leaf) => encode('PartitionLeaf', leaf)));
}

/**
 * Whether a mark is what a quorum certified: its hashes are all events of its partition at its
 * height, and `previousHeight` the last height before with an event there. Total.
 */
export function verifyHeightMark(
  mark: HeightMark,
  keys: EpochKeys,
  partitions: number,
  verifier: SignatureVerifier,
): boolean {
  const { result } = mark.certificate;
  if (mark.shard !== keys.shard || mark.height !== result.height) return false;
  const leaf = encode('PartitionLeaf', partitionLeaf(mark.previousHeight, mark.eventHashes));
  const proven = verifyMerklePath({
    leaf,
    index: mark.partition,
    count: partitions,
    path: mark.path,
    root: result.eventsRoot,
  });
  return proven && verifyResultCertificate(mark.certificate, keys, verifier);
}
