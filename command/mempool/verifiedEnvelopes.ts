import { envelopeHash } from '../../schemas/crypto/digests.js';
import {
  type OpenEnvelopeResult,
  type OpenedEnvelope,
  openEnvelope,
} from '../../schemas/crypto/envelope.js';
import { present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { VERIFIED_ENVELOPES_BYTES_MAX } from '../../schemas/limits.js';

/**
 * Envelopes whose signatures this process has verified, by the hash of their whole bytes: an
 * envelope with other bytes, the signature included, is another envelope. Bounded in bytes; the
 * oldest are forgotten, and then verified anew where they turn up.
 */
export interface VerifiedEnvelopes {
  has(hash: Uint8Array): boolean;
  /** Only after its signature was verified. */
  add(envelope: OpenedEnvelope): void;
  /** Opens bytes, or finds them opened. Says nothing about the signature. */
  open(bytes: Uint8Array): OpenEnvelopeResult;
  /** What `open` or `add` has seen of these bytes (the engine's port). */
  opened(bytes: Uint8Array): OpenedEnvelope | undefined;
  /** Executed: only a late copy could ask for it, and is stale by its nonces. */
  forget(bytes: Uint8Array): void;
  readonly sizeBytes: number;
}

export function createVerifiedEnvelopes(
  maxBytes: number = VERIFIED_ENVELOPES_BYTES_MAX,
): VerifiedEnvelopes {
  const byHash = new RecentMap<string, OpenedEnvelope>();
  // The same array passes validity, proposal and execution: found without hashing it again.
  const byIdentity = new WeakMap<Uint8Array, OpenedEnvelope>();
  let sizeBytes = 0;

  const find = (bytes: Uint8Array): OpenedEnvelope | undefined => {
    const known = byIdentity.get(bytes) ?? byHash.get(byteKey(envelopeHash(bytes)));
    if (known !== undefined) byIdentity.set(bytes, known);
    return known;
  };

  return {
    has: (hash) => byHash.has(byteKey(hash)),
    add(envelope) {
      const key = byteKey(envelope.hash);
      byIdentity.set(envelope.bytes, envelope);
      if (byHash.has(key)) return;
      byHash.set(key, envelope);
      sizeBytes += envelope.bytes.length;
      while (sizeBytes > maxBytes) {
        const [, oldest] = present(byHash.oldest(), 'an envelope of these bytes');
        sizeBytes -= oldest.bytes.length;
        byHash.dropOldest();
      }
    },
    open(bytes) {
      const known = find(bytes);
      if (known !== undefined) return { ok: true, envelope: known };
      const result = openEnvelope(bytes);
      if (result.ok) byIdentity.set(bytes, result.envelope);
      return result;
    },
    opened: find,
    forget(bytes) {
      const known = find(bytes);
      if (known === undefined) return;
      byIdentity.delete(bytes);
      byIdentity.delete(known.bytes);
      if (byHash.delete(byteKey(known.hash))) sizeBytes -= known.bytes.length;
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}
