import { equalBytes } from '../kernel/bytes.js';
import type {
  BlockHeader,
  CertifiedBlock,
  Finalization,
  ResultCertificate,
} from '../types/block.js';
import {
  beaconMessage,
  blockDigest,
  nextSeed,
  proposalMessage,
  resultDigest,
  resultMessage,
} from './digests.js';
import { type ChainTip, type EpochKeys, keysOfEpoch } from './epochKeys.js';
import { merkleRoot } from './merkle.js';
import { verifyQuorum } from './quorum.js';
import type { BeaconScheme, SignatureVerifier } from './signatures.js';

export interface Verifiers {
  readonly signatures: SignatureVerifier;
  readonly beacon: Pick<BeaconScheme, 'verify'>;
}

/** By the keys of one epoch: a finalization says no height, by which others could be chosen. */
export function verifyFinalization(
  finalization: Finalization,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): boolean {
  const { proposal, signatures } = finalization;
  if (proposal.epoch !== keys.epoch) return false;
  const message = proposalMessage('finalize', keys.chainId, keys.shard, proposal);
  return verifyQuorum({ message, signatures, validators: keys.validators, verifier });
}

/** The result is this chain's and its height's epoch's, and a quorum of that epoch signed it. */
export function verifyResultCertificate(
  certificate: ResultCertificate,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): boolean {
  const { result, signatures } = certificate;
  if (!equalBytes(result.chainId, keys.chainId) || result.shard !== keys.shard) return false;
  const own = keysOfEpoch(keys, result.epoch, result.height);
  if (own === null) return false;
  const message = resultMessage(resultDigest(result));
  return verifyQuorum({ message, signatures, validators: own.validators, verifier });
}

/** Why a certified block does not continue a tip; null when it does. */
export type CertifiedBlockFault =
  | 'not the next height'
  | 'another chain, shard or epoch'
  | 'wrong parent'
  | 'time does not grow'
  | 'wrong items root'
  | 'not final'
  | 'wrong beacon'
  | 'wrong seed'
  | 'wrong result'
  | 'bad certificate';

function finalityFault(
  block: CertifiedBlock,
  digest: Uint8Array,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): CertifiedBlockFault | null {
  let last = digest;
  let height = block.block.header.height;
  for (const header of block.finality.path) {
    if (header.height !== height + 1 || !equalBytes(header.parent, last)) return 'not final';
    last = blockDigest(header);
    height = header.height;
  }
  const { finalization } = block.finality;
  if (!equalBytes(finalization.proposal.payload, last)) return 'not final';
  return verifyFinalization(finalization, keys, verifier) ? null : 'not final';
}

/** The keys of the header's epoch; null when it is not of this chain and shard or its height's. */
function keysOf({ chainId, shard, epoch, height }: BlockHeader, keys: EpochKeys): EpochKeys | null {
  const isHere = equalBytes(chainId, keys.chainId) && shard === keys.shard;
  return isHere ? keysOfEpoch(keys, epoch, height) : null;
}

function headerFault(
  header: BlockHeader,
  tip: ChainTip,
  own: EpochKeys | null,
): CertifiedBlockFault | null {
  if (header.height !== tip.height + 1) return 'not the next height';
  if (own === null) return 'another chain, shard or epoch';
  if (!equalBytes(header.parent, tip.blockDigest)) return 'wrong parent';
  return header.timestampMs > tip.timestampMs ? null : 'time does not grow';
}

/**
 * The reader's rule for certified blocks: nothing is trusted but what the keys prove.
 * Costs a few signatures and one pairing; every check before them is cheap. While `sealsBeacon` is
 * always true the beacon of a height is its own.
 */
export function certifiedBlockFault(
  certified: CertifiedBlock,
  tip: ChainTip,
  keys: EpochKeys,
  verifiers: Verifiers,
): CertifiedBlockFault | null {
  const { block, beacon, certificate } = certified;
  const { header, items } = block;
  const own = keysOf(header, keys);
  const fault = headerFault(header, tip, own);
  if (fault !== null || own === null) return fault;
  if (!equalBytes(header.itemsRoot, merkleRoot(items))) return 'wrong items root';
  const digest = blockDigest(header);
  const { result } = certificate;
  const seed = nextSeed(tip.seed, beacon.signature, digest);
  if (!equalBytes(result.seed, seed)) return 'wrong seed';
  const linked =
    result.height === header.height &&
    equalBytes(result.blockDigest, digest) &&
    equalBytes(result.previousResultDigest, tip.resultDigest);
  return linked ? signaturesFault(certified, digest, own, verifiers) : 'wrong result';
}

/**
 * The part of that rule that needs no parent. A certified block on which it holds is one of this
 * chain, wherever it was kept: its certificate names the result before it and the seed.
 */
export function detachedBlockFault(
  certified: CertifiedBlock,
  keys: EpochKeys,
  verifiers: Verifiers,
): CertifiedBlockFault | null {
  const { block, certificate } = certified;
  const { header, items } = block;
  const own = keysOf(header, keys);
  if (own === null) return 'another chain, shard or epoch';
  if (!equalBytes(header.itemsRoot, merkleRoot(items))) return 'wrong items root';
  const digest = blockDigest(header);
  const { result } = certificate;
  const isOfBlock = result.height === header.height && equalBytes(result.blockDigest, digest);
  return isOfBlock ? signaturesFault(certified, digest, own, verifiers) : 'wrong result';
}

function signaturesFault(
  certified: CertifiedBlock,
  digest: Uint8Array,
  keys: EpochKeys,
  verifiers: Verifiers,
): CertifiedBlockFault | null {
  const { block, beacon, certificate } = certified;
  if (!verifyResultCertificate(certificate, keys, verifiers.signatures)) return 'bad certificate';
  const notFinal = finalityFault(certified, digest, keys, verifiers.signatures);
  if (notFinal !== null) return notFinal;
  if (beacon.height !== block.header.height) return 'wrong beacon';
  const message = beaconMessage(keys.chainId, keys.shard, keys.epoch, beacon.height);
  const good = verifiers.beacon.verify(keys.beaconKeys.groupKey, message, beacon.signature);
  return good ? null : 'wrong beacon';
}

/** The tip after an accepted block. */
export function tipAfter(certified: CertifiedBlock): ChainTip {
  const { block, certificate } = certified;
  return {
    height: block.header.height,
    blockDigest: certificate.result.blockDigest,
    resultDigest: resultDigest(certificate.result),
    seed: certificate.result.seed,
    timestampMs: block.header.timestampMs,
  };
}
