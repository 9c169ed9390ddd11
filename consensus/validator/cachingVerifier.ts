import { sha256 } from '../../schemas/crypto/sha256.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { concatBytes } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';

/** A verifier that checks no signature twice. Only good ones are remembered. */
export interface CachingVerifier extends SignatureVerifier {
  /** For a signature known to be good without a check: one's own. */
  remember(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void;
}

function cacheKey(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string {
  return byteKey(sha256(concatBytes(publicKey, signature, message)));
}

/**
 * Votes come again inside certificates, certificates inside blocks and proofs: the same signature
 * is met up to five times. A look-up costs one hash, a check about forty. Remembers the last
 * `entriesMax` good ones, oldest dropped first.
 */
export function createCachingVerifier(
  verifier: SignatureVerifier,
  entriesMax: number,
): CachingVerifier {
  const good = new RecentMap<string, true>(entriesMax);
  const keep = (key: string): void => good.set(key, true);
  return {
    remember: (publicKey, message, signature) => keep(cacheKey(publicKey, message, signature)),
    verify(publicKey, message, signature) {
      // Fixed lengths keep the concatenation unambiguous; others are refused by every verifier.
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const key = cacheKey(publicKey, message, signature);
      if (good.has(key)) return true;
      if (!verifier.verify(publicKey, message, signature)) return false;
      keep(key);
      return true;
    },
  };
}
