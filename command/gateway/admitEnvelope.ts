import { type OpenedEnvelope, openEnvelope } from '../../schemas/crypto/envelope.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';

export type EnvelopeAdmission =
  | { readonly ok: true; readonly envelope: OpenedEnvelope }
  | { readonly ok: false; readonly code: RejectCode; readonly reason: string };

/**
 * What a gateway can refuse for good before any validator has the bytes: form, chain, shard,
 * signature, an expiry too far ahead. Everything else is the validators' to say, and an envelope
 * whose time has passed ends with a proof, not with a word: it may have been executed in time.
 */
export function admitEnvelope(
  bytes: Uint8Array,
  chain: {
    readonly chainId: Uint8Array;
    readonly shard: number;
    readonly maxCommandLifetimeMs: number;
    /** Newest certified block time. */
    readonly blockTimeMs: number;
    readonly nowMs: number;
  },
  verifier: SignatureVerifier,
): EnvelopeAdmission {
  const opened = openEnvelope(bytes);
  if (!opened.ok) return opened;
  const { head, signed } = opened.envelope;
  const refuse = (code: RejectCode, reason: string): EnvelopeAdmission => ({
    ok: false,
    code,
    reason,
  });
  if (!equalBytes(head.chainId, chain.chainId)) {
    return refuse(RejectCode.wrongChain, 'signed for another chain');
  }
  if (head.shard !== chain.shard) return refuse(RejectCode.wrongShard, `shard ${head.shard}`);
  if (!verifier.verify(signed.publicKey, signed.message, signed.signature)) {
    return refuse(RejectCode.badSignature, "not the signer's signature");
  }
  const horizonMs = Math.max(chain.blockTimeMs, chain.nowMs) + chain.maxCommandLifetimeMs;
  if (head.expiresAtMs > horizonMs) {
    return refuse(RejectCode.expiresTooLate, `more than ${chain.maxCommandLifetimeMs} ms ahead`);
  }
  return { ok: true, envelope: opened.envelope };
}
