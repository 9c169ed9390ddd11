import { sha256 } from '../../schemas/crypto/sha256.js';
import type { BeaconScheme } from '../../schemas/crypto/signatures.js';
import { concatBytes, toHex } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';

export interface CachingBeacon extends BeaconScheme {
  /** This signature has been checked elsewhere. */
  remember(groupPublicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void;
}

/**
 * Checks no combined signature twice: a check is a pairing, a look-up a hash. Remembers the last
 * `entriesMax` good ones, oldest dropped first. Shares are checked as ever.
 */
export function cachingBeacon(scheme: BeaconScheme, entriesMax: number): CachingBeacon {
  const good = new RecentMap<string, true>(entriesMax);
  const keyOf = (group: Uint8Array, message: Uint8Array, signature: Uint8Array): string =>
    toHex(sha256(concatBytes(group, signature, message)));
  return {
    ...scheme,
    remember: (group, message, signature) => good.set(keyOf(group, message, signature), true),
    verify(groupPublicKey, message, signature) {
      // Fixed lengths keep the concatenation unambiguous; others are refused by every scheme.
      if (groupPublicKey.length !== 48 || signature.length !== 96) return false;
      const key = keyOf(groupPublicKey, message, signature);
      if (good.has(key)) return true;
      if (!scheme.verify(groupPublicKey, message, signature)) return false;
      good.set(key, true);
      return true;
    },
  };
}
