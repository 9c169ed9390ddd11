import { beaconMessage } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';

/** Threshold shares of one epoch on their way to a signature a height. */
export interface ShareCollector {
  /** The first share of each validator for a height is kept, unverified. */
  add(height: number, signer: number, signature: Uint8Array): void;
  /**
   * The signature of the height, or null while shares are missing. Combines the lowest-indexed
   * threshold of shares unverified and checks the outcome once; only when that fails is every share
   * checked, and bad ones are dropped and their signers named in `blamed`. Costs one combination
   * and one pairing check when all are honest.
   */
  combine(height: number): { readonly signature: Uint8Array | null; readonly blamed: number[] };
  /** Whether a signature of the height, from anybody, is the group's. Costs a pairing check. */
  verify(height: number, signature: Uint8Array): boolean;
  /** Forgets heights at or below. */
  prune(height: number): void;
}

/**
 * Combining before finality is harmless: an honest validator releases its share only for a final
 * height, and with threshold q no signature exists before an honest one did.
 */
export function createShareCollector(keys: EpochKeys, scheme: BeaconScheme): ShareCollector {
  const { threshold, groupKey, shareKeys } = keys.beaconKeys;
  const heights = new Map<number, (Uint8Array | null)[]>();
  const messageOf = (height: number): Uint8Array =>
    beaconMessage(keys.chainId, keys.shard, keys.epoch, height);

  function dropBad(slots: (Uint8Array | null)[], message: Uint8Array): number[] {
    const blamed: number[] = [];
    for (const [signer, signature] of slots.entries()) {
      const shareKey = shareKeys[signer];
      if (signature === null || shareKey === undefined) continue;
      if (scheme.verifyShare(shareKey, message, signature)) continue;
      slots[signer] = null;
      blamed.push(signer);
    }
    return blamed;
  }

  function tryCombine(slots: readonly (Uint8Array | null)[], message: Uint8Array) {
    const shares: BeaconShare[] = [];
    for (const [index, signature] of slots.entries()) {
      if (signature !== null && shares.length < threshold) shares.push({ index, signature });
    }
    if (shares.length < threshold) return 'missing';
    const signature = scheme.combine(shares);
    if (signature === null || !scheme.verify(groupKey, message, signature)) return 'bad';
    return signature;
  }

  return {
    add(height, signer, signature) {
      if (shareKeys[signer] === undefined) return;
      let slots = heights.get(height);
      if (slots === undefined) {
        slots = new Array<Uint8Array | null>(shareKeys.length).fill(null);
        heights.set(height, slots);
      }
      slots[signer] ??= signature;
    },
    combine(height) {
      const slots = heights.get(height);
      if (slots === undefined) return { signature: null, blamed: [] };
      const message = messageOf(height);
      const first = tryCombine(slots, message);
      if (first === 'missing') return { signature: null, blamed: [] };
      if (first !== 'bad') return { signature: first, blamed: [] };
      const blamed = dropBad(slots, message);
      const second = tryCombine(slots, message);
      const signature = second === 'missing' || second === 'bad' ? null : second;
      return { signature, blamed };
    },
    verify: (height, signature) => scheme.verify(groupKey, messageOf(height), signature),
    prune(height) {
      for (const known of heights.keys()) if (known <= height) heights.delete(known);
    },
  };
}
