import { assert } from '../kernel/assert.js';
import type { SignatureEntry } from '../types/block.js';
import type { SignatureVerifier } from './signatures.js';

/**
 * q = n - floor((n - 1) / 3): two quorums share an honest validator (reference 4:3 5:4 6:5 7:5).
 */
export function quorum(validators: number): number {
  assert(Number.isInteger(validators) && validators >= 1, `no validators: ${validators}`);
  return validators - Math.floor((validators - 1) / 3);
}

/** Whether at least a quorum of distinct validators signed `message`; see `verifyThreshold`. */
export function verifyQuorum(options: {
  readonly message: Uint8Array;
  readonly signatures: readonly SignatureEntry[];
  readonly validators: readonly Uint8Array[];
  readonly verifier: SignatureVerifier;
}): boolean {
  const { validators: keys, ...rest } = options;
  return verifyThreshold({ ...rest, keys, threshold: quorum(keys.length) });
}

/**
 * Whether at least `threshold` distinct keys signed `message`, every signature being valid and
 * signers in ascending order (one encoding a set). Total.
 */
export function verifyThreshold(options: {
  readonly message: Uint8Array;
  readonly signatures: readonly SignatureEntry[];
  readonly keys: readonly Uint8Array[];
  readonly threshold: number;
  readonly verifier: SignatureVerifier;
}): boolean {
  const { message, signatures, keys, threshold, verifier } = options;
  if (signatures.length < threshold) return false;
  let previous = -1;
  for (const { signer, signature } of signatures) {
    const publicKey = keys[signer];
    if (publicKey === undefined || signer <= previous) return false;
    previous = signer;
    if (!verifier.verify(publicKey, message, signature)) return false;
  }
  return true;
}
