import { decode, framedName } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { resultDigest } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { MAX_BLOCK_ITEMS } from '../../schemas/limits.js';
import type { Block, BlockHeader, ResultCertificate } from '../../schemas/types/block.js';
import type { GenesisLimits } from '../../schemas/types/genesis.js';
import { leaderOf } from '../core/leader.js';
import type { ChainPoint } from './chain.js';

/** What the rules of a block's validity are about. */
export interface BlockContext {
  readonly keys: EpochKeys;
  readonly limits: GenesisLimits;
}

/**
 * Why a block is invalid for everybody, for ever. Validity is a function of the bytes of the block
 * and its ancestors (DESIGN section 4): no clock, no local progress, no execution.
 */
export type BlockFault =
  | 'another chain, shard or epoch'
  | 'not by the leader of its view'
  | 'not the next height'
  | 'view does not grow'
  | 'time does not grow'
  | 'seals no beacon'
  | 'too large'
  | 'executed decreases'
  | 'executed without its certificate'
  | 'certificate without need'
  | 'bad certificate'
  | 'certificate of another block'
  | 'certificate breaks the chain of results'
  | 'envelopes above the execution lag'
  | 'bad envelopes'
  | 'invalid parent';

/** The header on its parent. */
export function headerFault(
  header: BlockHeader,
  parent: ChainPoint,
  { keys }: BlockContext,
): BlockFault | null {
  const here = equalBytes(header.chainId, keys.chainId) && header.shard === keys.shard;
  if (!here || header.epoch !== keys.epoch) return 'another chain, shard or epoch';
  if (header.view <= parent.view) return 'view does not grow';
  const leader = leaderOf(keys.epoch, header.view, keys.validators.length);
  if (header.proposer !== leader) return 'not by the leader of its view';
  if (header.height !== parent.height + 1) return 'not the next height';
  if (header.timestampMs <= parent.timestampMs) return 'time does not grow';
  return header.sealsBeacon ? null : 'seals no beacon';
}

/** Items by what they are. The certificate, if there is one, is the first item. */
export interface BlockContents {
  readonly certificate: ResultCertificate | null;
  readonly envelopes: readonly Uint8Array[];
}

/** Splits the items; anything that is not a certificate at the front counts as an envelope. */
export function blockContents(items: readonly Uint8Array[]): BlockContents {
  const first = items[0];
  if (first === undefined || framedName(first) !== 'ResultCertificate') {
    return { certificate: null, envelopes: items };
  }
  const decoded = decode('ResultCertificate', first);
  const certificate = decoded.ok ? decoded.value : null;
  return { certificate, envelopes: certificate === null ? items : items.slice(1) };
}

/** Counts, bytes, and no envelopes while certified results lag too far behind. */
export function itemsFault(
  { header, items }: Block,
  contents: BlockContents,
  { limits }: BlockContext,
): BlockFault | null {
  if (items.length > MAX_BLOCK_ITEMS) return 'too large';
  let sizeBytes = 0;
  for (const item of items) sizeBytes += item.length;
  if (sizeBytes > limits.maxBlockBytes) return 'too large';
  const lag = header.height - header.executed.height;
  const throttled = lag > limits.maxExecutionLag && contents.envelopes.length > 0;
  return throttled ? 'envelopes above the execution lag' : null;
}

/**
 * The pointer to the newest certified result: it stays, or it rises with its certificate. Costs a
 * quorum of signature checks when it rises. `certificateFault` completes it with the ancestors.
 */
export function executedFault(
  header: BlockHeader,
  parent: ChainPoint,
  certificate: ResultCertificate | null,
  { keys }: BlockContext,
  verifier: SignatureVerifier,
): BlockFault | null {
  const { executed } = header;
  if (executed.height < parent.executed.height) return 'executed decreases';
  if (executed.height === parent.executed.height) {
    if (certificate !== null) return 'certificate without need';
    const same = equalBytes(executed.resultDigest, parent.executed.resultDigest);
    return same ? null : 'executed without its certificate';
  }
  if (certificate === null) return 'executed without its certificate';
  const { result } = certificate;
  if (result.height !== executed.height || result.height >= header.height) {
    return 'executed without its certificate';
  }
  if (!equalBytes(resultDigest(result), executed.resultDigest)) {
    return 'executed without its certificate';
  }
  if (result.height === parent.executed.height + 1) {
    const linked = equalBytes(result.previousResultDigest, parent.executed.resultDigest);
    if (!linked) return 'certificate breaks the chain of results';
  }
  return verifyResultCertificate(certificate, keys, verifier) ? null : 'bad certificate';
}
