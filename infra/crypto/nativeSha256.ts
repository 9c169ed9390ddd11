import { hash } from 'node:crypto';
import { installSha256, type Sha256 } from '../../schemas/crypto/sha256.js';
import { nativeVerifier } from './nativeSignatures.js';
import { loadSodium, type Sodium } from './sodium.js';

/**
 * Up to here sodium-native is the cheaper call, above it OpenSSL with SHA instructions: 0.5 to
 * 0.7 us at 33 bytes, equal near 450, 3.5 to 3.2 us at 1 KiB (measured).
 */
const SODIUM_MAX_BYTES = 448;
/** Arrays up to this size live inside V8's heap, and a native call must first move them out. */
const HEAP_ARRAY_MAX_BYTES = 64;

/** SHA-256 by the fastest library at hand, the same digest from each. */
export function nativeSha256(): Sha256 {
  const { sodium } = loadSodium();
  return sodium === null ? opensslSha256 : sodiumSha256(sodium);
}

/**
 * Installs the native SHA-256 for the whole process and checks the signature backend. One call at
 * the start of every process; throws CryptoError `backend-differs` when a library answers a known
 * vector differently, and an AssertionError when the hash is not SHA-256.
 */
export function installNativeCrypto(): void {
  installSha256(nativeSha256());
  nativeVerifier();
}

/** Digests are copied out of one fixed buffer: cheaper than pinning 32 new bytes for each call. */
function sodiumSha256(sodium: Sodium): Sha256 {
  const digest = new Uint8Array(new ArrayBuffer(32));
  const input = new Uint8Array(new ArrayBuffer(HEAP_ARRAY_MAX_BYTES));
  const inputs = Array.from({ length: HEAP_ARRAY_MAX_BYTES + 1 }, (_, length) =>
    input.subarray(0, length),
  );
  return (data) => {
    if (data.length > SODIUM_MAX_BYTES) return opensslSha256(data);
    const fixed = inputs[data.length];
    if (fixed !== undefined) fixed.set(data);
    sodium.crypto_hash_sha256(digest, fixed ?? data);
    return digest.slice();
  };
}

function opensslSha256(data: Uint8Array): Uint8Array {
  const digest = hash('sha256', data, 'buffer');
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}
