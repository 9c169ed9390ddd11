import { concatBytes, equalBytes } from '../kernel/bytes.js';
import { MAX_STATE_DEPTH } from '../limits.js';
import type { StateProof } from '../types/state.js';
import { sha256 } from './sha256.js';

/**
 * The state tree: a binary trie over the SHA-256 of the keys, most significant bit first, in which
 * a subtree of one leaf is that leaf and an empty subtree is 32 zero bytes.
 *   leaf = SHA-256(0x00 ‖ keyHash ‖ valueHash)     node = SHA-256(0x01 ‖ left ‖ right)
 * Its shape depends on the set of keys alone, so equal states have equal roots.
 */
export const EMPTY_SUBTREE: Uint8Array = new Uint8Array(32);

export function stateLeafHash(keyHash: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0), keyHash, valueHash));
}

export function stateNodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(1), left, right));
}

export function stateKeyBit(keyHash: Uint8Array, depth: number): 0 | 1 {
  return ((keyHash[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1;
}

function sharesPrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) {
    if (stateKeyBit(a, depth) !== stateKeyBit(b, depth)) return false;
  }
  return true;
}

/** What stands where the siblings end, or null when the proof contradicts itself. */
function bottomHash(
  keyHash: Uint8Array,
  valueHash: Uint8Array | null,
  proof: StateProof,
): Uint8Array | null {
  const { otherKeyHash, otherValueHash, siblings } = proof;
  const hasOther = otherKeyHash !== null && otherValueHash !== null;
  if (valueHash !== null) {
    const clean = otherKeyHash === null && otherValueHash === null;
    return clean ? stateLeafHash(keyHash, valueHash) : null;
  }
  if (!hasOther) return otherKeyHash === otherValueHash ? EMPTY_SUBTREE : null;
  if (equalBytes(otherKeyHash, keyHash)) return null;
  if (!sharesPrefix(otherKeyHash, keyHash, siblings.length)) return null;
  return stateLeafHash(otherKeyHash, otherValueHash);
}

/**
 * Whether the state with this root holds `valueHash` under `keyHash`, or, with null, holds nothing
 * there. Siblings stand from the root down. Total.
 */
export function verifyStateProof(options: {
  readonly stateRoot: Uint8Array;
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array | null;
  readonly proof: StateProof;
}): boolean {
  const { stateRoot, keyHash, valueHash, proof } = options;
  if (proof.siblings.length > MAX_STATE_DEPTH) return false;
  let hash = bottomHash(keyHash, valueHash, proof);
  if (hash === null) return false;
  for (let depth = proof.siblings.length - 1; depth >= 0; depth--) {
    const sibling = proof.siblings[depth]!;
    hash =
      stateKeyBit(keyHash, depth) === 0
        ? stateNodeHash(hash, sibling)
        : stateNodeHash(sibling, hash);
  }
  return equalBytes(hash, stateRoot);
}
