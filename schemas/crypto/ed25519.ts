import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, equalBytes } from '../kernel/bytes.js';
import type { SignatureVerifier, Signer } from './signatures.js';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const SEED_BYTES = 32;

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

type EdwardsPoint = ReturnType<typeof Point.fromBytes>;

/**
 * The protocol's rule of acceptance on noble's points, for browsers, clients and tests: about 30
 * times slower than the native path (2 to 3 ms a signature), never different from it.
 *
 * noble's own `verify` is not used: both of its modes are cofactored and take small-order R, which
 * libsodium refuses (reference table: test/vectors/crypto/README.md).
 */
export const portableVerifier: SignatureVerifier = { verify };

function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
  if (signature.length !== SIGNATURE_BYTES) return false;
  const s = bytesToNumberLE(signature.subarray(32));
  if (s >= ORDER) return false;
  const a = decodePoint(publicKey);
  if (a === null || a.isSmallOrder()) return false;
  const encodedR = signature.subarray(0, 32);
  const h = hashToScalar(encodedR, publicKey, message);
  // The only R that can satisfy the cofactorless equation, in its one canonical encoding: an equal
  // byte string is a canonical R, so R itself needs no decoding.
  const r = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(h));
  return equalBytes(r.toBytes(), encodedR) && !r.isSmallOrder();
}

/** The point of a canonical encoding (y < p, no negative zero); null for any other bytes. */
function decodePoint(encoded: Uint8Array): EdwardsPoint | null {
  try {
    return Point.fromBytes(encoded, false);
  } catch (error) {
    // The one way noble says "no point"; anything that is not an Error is not from there.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** H(R, A, M) mod L of RFC 8032, section 5.1.7, over the bytes as they came. */
function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  return bytesToNumberLE(sha512(concatBytes(...parts))) % ORDER;
}

/** The Ed25519 public key of a 32-byte seed (RFC 8032, section 5.1.5). */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  assert(seed.length === SEED_BYTES, `seed of ${seed.length} bytes`);
  return ed25519.getPublicKey(seed);
}

/**
 * Signs with the key of a 32-byte seed (RFC 8032, section 5.1.6; deterministic). Key generation is
 * 32 bytes from the caller's source of randomness and this. About 0.6 ms a signature; the seed is
 * copied and expanded once.
 */
export function createSigner(seed: Uint8Array): Signer {
  assert(seed.length === SEED_BYTES, `seed of ${seed.length} bytes`);
  const { prefix, scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const publicKey = Uint8Array.from(pointBytes);
  return {
    publicKey,
    sign(message) {
      const nonce = hashToScalar(prefix, message);
      const encodedR = Point.BASE.multiply(nonce).toBytes();
      const s = Point.Fn.create(nonce + hashToScalar(encodedR, publicKey, message) * scalar);
      return concatBytes(encodedR, Point.Fn.toBytes(s));
    },
  };
}
