import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';

/**
 * Remembers the last `entriesMax` signatures that were valid. The marks of all partitions of a
 * height carry one certificate, so a projector verifies it once instead of once a partition.
 * Invalid ones are not remembered: they cost their senders, not our memory.
 */
export function memoVerifier(verifier: SignatureVerifier, entriesMax: number): SignatureVerifier {
  const valid = new RecentMap<string, readonly [publicKey: Uint8Array, message: Uint8Array]>(
    entriesMax,
  );
  return {
    verify(publicKey, message, signature) {
      const name = toHex(signature);
      const known = valid.get(name);
      if (known !== undefined && equalBytes(known[0], publicKey) && equalBytes(known[1], message))
        return true;
      if (!verifier.verify(publicKey, message, signature)) return false;
      valid.set(name, [publicKey, message]);
      return true;
    },
  };
}
