import { sha256 } from '../../schemas/crypto/sha256.js';
import type { BeaconScheme } from '../../schemas/crypto/signatures.js';
import { concatBytes, toHex } from '../../schemas/kernel/bytes.js';

/**
 * Checks no combined signature twice: a check is a pairing, a look-up a hash. Remembers the last
 * `entriesMax` good ones, oldest dropped first. Shares are checked as ever.
 */
export function cachingBeacon(scheme: BeaconScheme, entriesMax: number): BeaconScheme {
  const good = new Set<string>();
  return {
    ...scheme,
    verify(groupPublicKey, message, signature) {
      // Fixed lengths keep the concatenation unambiguous; others are refused by every scheme.
      if (groupPublicKey.length !== 48 || signature.length !== 96) return false;
      const key = toHex(sha256(concatBytes(groupPublicKey, signature, message)));
      if (good.has(key)) return true;
      if (!scheme.verify(groupPublicKey, message, signature)) return false;
      good.add(key);
      if (good.size <= entriesMax) return true;
      for (const oldest of good) {
        good.delete(oldest);
        break;
      }
      return true;
    },
  };
}
