import { beaconMessage } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';

/** Threshold shares of one epoch on their way to a signature a height. */
export interface ShareCollector {
  /** What is signed at a height. */
  message(height: number): Uint8Array;
  /** The first share of each validator for a height is kept, unverified. */
  add(height: number, signer: number, signature: Uint8Array): void;
  /**
   * The lowest-indexed threshold of shares, unverified; null while some are missing. Whether they
   * are good is seen by what they combine to, at the price of one check when all are honest.
   */
  threshold(height: number): readonly BeaconShare[] | null;
  /** After a combination failed: checks every share, drops bad ones and names their signers. */
  dropBad(height: number): readonly number[];
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

  return {
    message: messageOf,
    add(height, signer, signature) {
      if (shareKeys[signer] === undefined) return;
      let slots = heights.get(height);
      if (slots === undefined) {
        slots = new Array<Uint8Array | null>(shareKeys.length).fill(null);
        heights.set(height, slots);
      }
      slots[signer] ??= signature;
    },
    threshold(height) {
      const shares: BeaconShare[] = [];
      for (const [index, signature] of (heights.get(height) ?? []).entries()) {
        if (signature !== null && shares.length < threshold) shares.push({ index, signature });
      }
      return shares.length < threshold ? null : shares;
    },
    dropBad(height) {
      const slots = heights.get(height) ?? [];
      const message = messageOf(height);
      const blamed: number[] = [];
      for (const [signer, signature] of slots.entries()) {
        const shareKey = shareKeys[signer];
        if (signature === null || shareKey === undefined) continue;
        if (scheme.verifyShare(shareKey, message, signature)) continue;
        slots[signer] = null;
        blamed.push(signer);
      }
      return blamed;
    },
    verify: (height, signature) => scheme.verify(groupKey, messageOf(height), signature),
    prune(height) {
      for (const known of heights.keys()) if (known <= height) heights.delete(known);
    },
  };
}
