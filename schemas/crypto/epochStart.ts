import { decode } from '../codec/codec.js';
import { equalBytes } from '../kernel/bytes.js';
import { MAX_FRAME_BYTES, MAX_VALIDATORS } from '../limits.js';
import type { EpochStart } from '../types/block.js';
import type { RecoveryKeys } from '../types/genesis.js';
import { epochStartMessage } from './digests.js';
import { type ChainTip, type EpochKeys, keysAtHeight } from './epochKeys.js';
import { verifyThreshold } from './quorum.js';
import type { SignatureVerifier } from './signatures.js';

/**
 * The keys after an epoch start that may follow `keys`; null for any other. It is the next epoch of
 * this chain and shard, and enough of genesis' recovery keys signed it. Whether it continues what a
 * reader knows is that reader's to compare: see `continuesTip`. Total.
 */
export function keysAfter(
  keys: EpochKeys,
  start: EpochStart,
  verifier: SignatureVerifier,
): EpochKeys | null {
  const { chainId, shard, recoveryKeys } = keys;
  if (!equalBytes(start.chainId, chainId) || start.shard !== shard) return null;
  const { epoch, firstHeight, validators, beaconKeys } = start;
  if (epoch !== keys.epoch + 1 || firstHeight < keys.firstHeight) return null;
  if (validators.length < 1 || validators.length > MAX_VALIDATORS) return null;
  if (!isRecovery(start, recoveryKeys, verifier)) return null;
  return {
    ...{ chainId, shard, epoch, firstHeight, validators, beaconKeys, recoveryKeys },
    continues: {
      blockDigest: start.previousBlockDigest,
      resultDigest: start.previousResultDigest,
      seed: start.previousSeed,
    },
    start,
    previous: keys,
  };
}

/** At least genesis' threshold of recovery keys signed it. */
function isRecovery(
  start: EpochStart,
  { threshold, keys }: RecoveryKeys,
  verifier: SignatureVerifier,
): boolean {
  // A boundary block's finality is none yet: validators do not hand over to others by themselves.
  if (start.proof.kind !== 'RecoverySignatures' || threshold < 1) return false;
  const { signatures } = start.proof;
  const message = epochStartMessage(start);
  return verifyThreshold({ message, signatures, keys, threshold, verifier });
}

/** Whether an epoch is known to have begun at this height, by this start or by another one. */
export function isKnownStart(keys: EpochKeys, { epoch, firstHeight }: EpochStart): boolean {
  return firstHeight > 0 && keysAtHeight(keys, firstHeight).epoch >= epoch;
}

/** Whether the first height of an epoch continues this very one. */
export function continuesTip({ firstHeight, continues }: EpochKeys, tip: ChainTip): boolean {
  return (
    firstHeight === tip.height + 1 &&
    equalBytes(continues.blockDigest, tip.blockDigest) &&
    equalBytes(continues.resultDigest, tip.resultDigest) &&
    equalBytes(continues.seed, tip.seed)
  );
}

/** What proves the epochs since genesis, in order. */
export function startsOf(keys: EpochKeys): readonly EpochStart[] {
  const { start, previous } = keys;
  return start === null || previous === null ? [] : [...startsOf(previous), start];
}

/**
 * The keys of a chain with the epochs that began since genesis, each a framed EpochStart, in order;
 * null when one of them does not decode, is not proven, or does not follow the one before. Total.
 */
export function keysWithStarts(
  genesis: EpochKeys,
  records: readonly Uint8Array[],
  verifier: SignatureVerifier,
): EpochKeys | null {
  let keys = genesis;
  for (const record of records) {
    const decoded = decode('EpochStart', record, MAX_FRAME_BYTES);
    const next = decoded.ok ? keysAfter(keys, decoded.value, verifier) : null;
    if (next === null) return null;
    keys = next;
  }
  return keys;
}
