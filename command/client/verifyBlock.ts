import { decode } from '../../schemas/codec/codec.js';
import {
  certifiedBlockFault,
  detachedBlockFault,
  type Verifiers,
} from '../../schemas/crypto/certifiedBlock.js';
import type { ChainTip } from '../../schemas/crypto/epochKeys.js';
import { parseHex, toHex } from '../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Trust } from './verifyEvents.js';

/** So few digits are no digest, which has 64. */
function isHeight(wanted: number | string): wanted is number {
  return typeof wanted === 'number' || /^[0-9]{1,15}$/.test(wanted);
}

/**
 * The block of a framed BlocksRecord, if it is the one asked for and a quorum has finalized it and
 * certified its result; else null. Behind `after`, its seed is proven to follow too. Total.
 */
export function openCertifiedBlock(
  certified: string,
  wanted: number | string,
  trust: Trust,
  options: { readonly beacon: Verifiers['beacon']; readonly after?: ChainTip | undefined },
): CertifiedBlock | null {
  const bytes = parseHex(certified);
  const record = bytes === null ? null : decode('BlocksRecord', bytes);
  if (record === null || !record.ok || record.value.body.kind !== 'CertifiedBlock') return null;
  const block = record.value.body;
  const { after, beacon } = options;
  const verifiers = { signatures: trust.verifier, beacon };
  const fault =
    after === undefined
      ? detachedBlockFault(block, trust.keys, verifiers)
      : certifiedBlockFault(block, after, trust.keys, verifiers);
  if (fault !== null) return null;
  const { height, blockDigest } = block.certificate.result;
  const isWanted = isHeight(wanted)
    ? height === Number(wanted)
    : toHex(blockDigest) === wanted.toLowerCase();
  return isWanted ? block : null;
}
