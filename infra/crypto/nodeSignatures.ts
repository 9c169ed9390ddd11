import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  PUBLIC_KEY_BYTES,
  publicKeyOf,
  SEED_BYTES,
  SIGNATURE_BYTES,
} from '../../schemas/crypto/ed25519.js';
import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';

/** About 1.3 KiB each (measured), so 5 MiB at most. */
const CACHED_KEYS_MAX = 4_096;

/** DER in front of a raw seed (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The y coordinates, sign bit cleared, of every encoding of a point of small order: 0, 1, p - 1,
 * the two of order 8, and p and p + 1, which are 0 and 1 once more (libsodium's own black list, in
 * ed25519_ref10.c). Little-endian hex.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/**
 * The fallback where sodium-native has no binary: OpenSSL, half as fast. OpenSSL alone takes small
 * orders and a non-canonical A, so those are refused first; it compares R byte by byte and checks
 * S < L itself.
 */
export function nodeVerifier(): SignatureVerifier {
  const keys = new Map<string, KeyObject>();
  return {
    verify(publicKey, message, signature) {
      if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
      if (signature.length !== SIGNATURE_BYTES) return false;
      if (!isCanonicalY(publicKey) || isSmallOrder(publicKey)) return false;
      if (isSmallOrder(signature)) return false;
      return verify(null, message, cachedKey(keys, publicKey), signature);
    },
  };
}

/** y < p = 2^255 - 19, whatever the sign bit says. */
function isCanonicalY(encoded: Uint8Array): boolean {
  if ((encoded[31]! & 0x7f) !== 0x7f || encoded[0]! < 0xed) return true;
  for (let i = 1; i < 31; i++) if (encoded[i] !== 0xff) return true;
  return false;
}

function isSmallOrder(encoded: Uint8Array): boolean {
  const y = Buffer.from(encoded.subarray(0, 32));
  y[31] = y[31]! & 0x7f;
  return SMALL_ORDER_Y.has(y.toString('hex'));
}

/** KeyObjects by key, the oldest dropped at the bound: making one costs twice a verification. */
function cachedKey(keys: Map<string, KeyObject>, publicKey: Uint8Array): KeyObject {
  const raw = Buffer.from(publicKey);
  const name = raw.toString('latin1');
  const cached = keys.get(name);
  if (cached !== undefined) return cached;
  const x = raw.toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (keys.size >= CACHED_KEYS_MAX) {
    for (const oldest of keys.keys()) {
      keys.delete(oldest);
      break;
    }
  }
  keys.set(name, key);
  return key;
}

/** RFC 8032 signatures by OpenSSL. */
export function nodeSigner(seed: Uint8Array): Signer {
  assert(seed.length === SEED_BYTES, `seed of ${seed.length} bytes`);
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    publicKey: publicKeyOf(seed),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  };
}
