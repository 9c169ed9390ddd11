import { hash } from 'node:crypto';
import { installMerkleRoot } from '../../schemas/crypto/merkle.js';
import { installSha256, installSha256Lanes, type Sha256Into } from '../../schemas/crypto/sha256.js';
import { merkleLanes } from './merkleLanes.js';
import { nativeVerifier } from './nativeSignatures.js';
import { sha256Lanes } from './sha256Lanes.js';
import { loadSodium, type Sodium } from './sodium.js';

/**
 * Up to here sodium-native is the cheaper call, above it OpenSSL with SHA instructions: about equal
 * at 33 bytes, 1.0 to 1.5 at 65, 1.0 to 2.0 at 200, 1.0 to 3.7 at 1 KiB (measured). It is also the
 * size up to which arrays live inside V8's heap, from where a native call must first move them.
 */
const HEAP_ARRAY_MAX_BYTES = 64;
const DIGEST_BYTES = 32;

/** SHA-256 by the fastest library at hand, the same digest from each. */
export function nativeSha256(): Sha256Into {
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
  const lanes = sha256Lanes();
  if (lanes !== null) installSha256Lanes(lanes);
  const root = merkleLanes();
  if (root !== null) installMerkleRoot(root);
  nativeVerifier();
}

/** Digests are copied out of one fixed buffer: cheaper than pinning 32 new bytes for each call. */
function sodiumSha256(sodium: Sodium): Sha256Into {
  const digest = new Uint8Array(new ArrayBuffer(DIGEST_BYTES));
  const input = new Uint8Array(new ArrayBuffer(HEAP_ARRAY_MAX_BYTES));
  const inputs = Array.from({ length: HEAP_ARRAY_MAX_BYTES + 1 }, (_, length) =>
    input.subarray(0, length),
  );
  return (data, into, at) => {
    const fixed = inputs[data.length];
    if (fixed === undefined) {
      opensslSha256(data, into, at);
      return;
    }
    fixed.set(data);
    sodium.crypto_hash_sha256(digest, fixed);
    into.set(digest, at);
  };
}

/** A string of bytes is what OpenSSL's binding hands over cheapest: a Buffer costs 2 us more. */
function opensslSha256(data: Uint8Array, into: Uint8Array, at: number): void {
  const text = hash('sha256', data, 'binary');
  for (let i = 0; i < DIGEST_BYTES; i++) into[at + i] = text.charCodeAt(i);
}
