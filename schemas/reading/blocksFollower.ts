import { decodeViews } from '../codec/codec.js';
import {
  type CertifiedBlockFault,
  certifiedBlockFault,
  tipAfter,
  type Verifiers,
  verifyFinalization,
  verifyResultCertificate,
} from '../crypto/certifiedBlock.js';
import { blockDigest, resultDigest } from '../crypto/digests.js';
import { type ChainTip, type EpochKeys, keysAtHeight } from '../crypto/epochKeys.js';
import { continuesTip, isKnownStart, keysAfter } from '../crypto/epochStart.js';
import { equalBytes } from '../kernel/bytes.js';
import { RecentMap } from '../kernel/recentMap.js';
import { FOLLOWED_DIGESTS_KEPT, MAX_FRAME_BYTES } from '../limits.js';
import type { CertifiedBlock, EpochStart } from '../types/block.js';

/** Why a record of `blocks` changes nothing: its writer is wrong or hostile. Counted by reason. */
export type BlocksDropReason = 'undecodable' | 'epoch start' | CertifiedBlockFault;

/** What one record of `blocks` means to a reader (DESIGN section 6). */
export type BlocksOutcome =
  /** The next height, proven. `tip` is the follower's new tip. */
  | { readonly kind: 'accepted'; readonly certified: CertifiedBlock; readonly tip: ChainTip }
  /** Genesis' recovery keys began an epoch at the next height, which others certify. */
  | { readonly kind: 'epoch'; readonly keys: EpochKeys }
  /** A height that is known already: a repeat, or too old to compare. */
  | { readonly kind: 'ignored'; readonly reason: 'repeat' | 'older'; readonly height: number }
  | { readonly kind: 'dropped'; readonly reason: BlocksDropReason }
  /**
   * A certified record above the next height, or the start of an epoch there: heights between are
   * missing from the log so far.
   */
  | { readonly kind: 'hole'; readonly height: number }
  /**
   * A quorum certified two histories. The follower stays halted: every later outcome is this one.
   */
  | { readonly kind: 'conflict'; readonly height: number; readonly message: string };

/**
 * Reads records of one shard's `blocks` partition in offset order and says which continue the
 * chain. The log is not trusted: keys and the last accepted height decide. Owns its state; pure.
 */
export interface BlocksFollower {
  readonly tip: ChainTip;
  /** Of all epochs that are known to have begun. */
  readonly keys: EpochKeys;
  /** `value` is a record's value; the items of an accepted block are views of it. Total. A repeat
   * costs a decode and two hashes, a next height a few signatures and one pairing. */
  read(value: Uint8Array): BlocksOutcome;
}

interface Reading {
  keys: EpochKeys;
  readonly verifiers: Verifiers;
  /** Result digests of the newest accepted heights, oldest first; bounded. */
  readonly digests: RecentMap<number, Uint8Array>;
  tip: ChainTip;
  conflict: (BlocksOutcome & { readonly kind: 'conflict' }) | null;
}

/** `tip` is the last height accepted before, or genesisTip; `keys` at least those up to there. */
export function createBlocksFollower(options: {
  readonly keys: EpochKeys;
  readonly tip: ChainTip;
  readonly verifiers: Verifiers;
}): BlocksFollower {
  const { keys, tip, verifiers } = options;
  const digests = new RecentMap<number, Uint8Array>(FOLLOWED_DIGESTS_KEPT);
  digests.set(tip.height, tip.resultDigest);
  const reading: Reading = { keys, verifiers, digests, tip, conflict: null };
  return {
    get tip() {
      return reading.tip;
    },
    get keys() {
      return reading.keys;
    },
    read(value) {
      if (reading.conflict !== null) return reading.conflict;
      const outcome = readRecord(reading, value);
      if (outcome.kind === 'conflict') reading.conflict = outcome;
      return outcome;
    },
  };
}

function readRecord(reading: Reading, value: Uint8Array): BlocksOutcome {
  const decoded = decodeViews('BlocksRecord', value, MAX_FRAME_BYTES);
  if (!decoded.ok) return { kind: 'dropped', reason: 'undecodable' };
  const { body } = decoded.value;
  if (body.kind === 'EpochStart') return readEpochStart(reading, body);
  const { height } = body.block.header;
  if (height <= reading.tip.height) return readKnownHeight(reading, body);
  const { keys, tip, verifiers } = reading;
  const fault = certifiedBlockFault(body, tip, keys, verifiers);
  if (fault === null) return accept(reading, body);
  if (!isCertified(reading, body)) return { kind: 'dropped', reason: fault };
  if (height > tip.height + 1) return { kind: 'hole', height };
  const { result } = body.certificate;
  if (equalBytes(result.previousResultDigest, tip.resultDigest)) {
    // The result is certified and continues ours; what is wrong with the record is its wrapping.
    return { kind: 'dropped', reason: fault };
  }
  return conflict(height, `certified result of ${height} does not continue ours`);
}

function accept(reading: Reading, certified: CertifiedBlock): BlocksOutcome {
  const tip = tipAfter(certified);
  reading.tip = tip;
  reading.digests.set(tip.height, tip.resultDigest);
  return { kind: 'accepted', certified, tip };
}

/**
 * The first start that continues the last height counts. From then on certificates of earlier
 * epochs at or above its first height are junk: their quorum is lost, or no longer to be trusted.
 */
function readEpochStart(reading: Reading, start: EpochStart): BlocksOutcome {
  const { keys, tip, verifiers } = reading;
  const height = start.firstHeight;
  if (start.epoch > 0 && isKnownStart(keys, start))
    return { kind: 'ignored', reason: 'repeat', height };
  const next = keysAfter(keys, start, verifiers.signatures);
  if (next !== null && height > tip.height + 1) return { kind: 'hole', height };
  if (next === null || !continuesTip(next, tip)) return { kind: 'dropped', reason: 'epoch start' };
  reading.keys = next;
  return { kind: 'epoch', keys: next };
}

/** Identity is block digest and result digest; signer sets may differ. */
function readKnownHeight(reading: Reading, certified: CertifiedBlock): BlocksOutcome {
  const { header } = certified.block;
  const { height } = header;
  const known = reading.digests.get(height);
  if (known === undefined) return { kind: 'ignored', reason: 'older', height };
  const { result } = certified.certificate;
  const sameResult = equalBytes(resultDigest(result), known);
  if (sameResult && equalBytes(blockDigest(header), result.blockDigest)) {
    return { kind: 'ignored', reason: 'repeat', height };
  }
  if (!sameResult && isCertified(reading, certified)) {
    return conflict(height, `two certified results at height ${height}`);
  }
  if (sameResult && isFinal(reading, certified)) {
    return conflict(height, `two final blocks at height ${height}`);
  }
  return { kind: 'dropped', reason: sameResult ? 'wrong result' : 'bad certificate' };
}

/** Whether a quorum signed the record's result for the height its block says. */
function isCertified(reading: Reading, certified: CertifiedBlock): boolean {
  const { block, certificate } = certified;
  if (certificate.result.height !== block.header.height) return false;
  return verifyResultCertificate(certificate, reading.keys, reading.verifiers.signatures);
}

/** Whether a quorum finalized this very header; a path of descendants is not followed here. */
function isFinal(reading: Reading, certified: CertifiedBlock): boolean {
  const { block, finality } = certified;
  if (block.header.height < 1 || finality.path.length > 0) return false;
  const { finalization } = finality;
  if (!equalBytes(finalization.proposal.payload, blockDigest(block.header))) return false;
  const own = keysAtHeight(reading.keys, block.header.height);
  return verifyFinalization(finalization, own, reading.verifiers.signatures);
}

function conflict(height: number, message: string): BlocksOutcome {
  return { kind: 'conflict', height, message };
}
