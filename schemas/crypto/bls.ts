import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { assert, present } from '../kernel/assert.js';
import { equalBytes } from '../kernel/bytes.js';
import { beaconCoefficients } from './beaconCoefficients.js';
import type { BeaconScheme, BeaconShare } from './signatures.js';

/**
 * Hash to curve: RFC 9380 suite BLS12381G2_XMD:SHA-256_SSWU_RO_ under the tag of the proof of
 * possession scheme (draft-irtf-cfrg-bls-signature, section 4.2.3). The tag is the one that
 * @chainsafe/blst has built in; what is signed carries our own domain tag inside the message.
 */
const BEACON_DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** Compressed G1. */
export const BEACON_PUBLIC_KEY_BYTES = 48;
/** Compressed G2. */
export const BEACON_SIGNATURE_BYTES = 96;
/** Big-endian scalar, 0 < secret < r. */
export const BEACON_SECRET_BYTES = 32;

const { G1, G2, longSignatures } = bls12_381;
const { Fr } = bls12_381.fields;

type G1Point = typeof G1.Point.BASE;
type G2Point = typeof G2.Point.BASE;

/**
 * The beacon on noble's curves, for browsers, clients and tests: 20 to 40 ms a signature or check.
 *
 * One rule of acceptance, as with Ed25519, since libraries differ: compressed encodings of exactly
 * 48 or 96 bytes, canonical, in the prime-order subgroup, not the point at infinity.
 */
export const portableBeacon: BeaconScheme = {
  signShare,
  verifyShare: verifyBeacon,
  combine,
  verify: verifyBeacon,
};

function signShare(secretShare: Uint8Array, message: Uint8Array): Uint8Array {
  assert(secretShare.length === BEACON_SECRET_BYTES, `share of ${secretShare.length} bytes`);
  const point = longSignatures.sign(longSignatures.hash(message, BEACON_DST), secretShare);
  return Uint8Array.from(point.toBytes());
}

/** Whether `signature` is the one of `publicKey` (a group's or a share's) over `message`. */
export function verifyBeacon(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = decodePublicKey(publicKey);
  const point = decodeSignature(signature);
  if (key === null || point === null) return false;
  return longSignatures.verify(point, longSignatures.hash(message, BEACON_DST), key);
}

function combine(shares: readonly BeaconShare[], shareCount: number): Uint8Array | null {
  const indices = shares.map(({ index }) => index);
  const coefficients = beaconCoefficients(indices, shareCount);
  let sum = G2.Point.ZERO;
  for (const [i, share] of shares.entries()) {
    const point = decodeSignature(share.signature);
    if (point === null) return null;
    sum = sum.add(times(point, present(coefficients[i], 'coefficient')));
  }
  return sum.is0() ? infinitySignature() : Uint8Array.from(sum.toBytes());
}

/** Coefficients are short, also below zero: modulo the order of the group those would be long. */
function times<P extends { multiplyUnsafe(scalar: bigint): P; negate(): P }>(
  point: P,
  coefficient: bigint,
): P {
  return coefficient < 0n
    ? point.multiplyUnsafe(-coefficient).negate()
    : point.multiplyUnsafe(coefficient);
}

/** Shares can be chosen to cancel. noble writes no infinity; this verifies under no key. */
function infinitySignature(): Uint8Array {
  const encoded = new Uint8Array(BEACON_SIGNATURE_BYTES);
  encoded[0] = 0xc0;
  return encoded;
}

/** Of a secret share, or of a group's secret. Throws when it is 0 or not below r. */
export function assertBeaconSecret(secret: Uint8Array): void {
  assert(secret.length === BEACON_SECRET_BYTES, `share of ${secret.length} bytes`);
  assert(Fr.isValidNot0(bytesToNumberBE(secret)), 'share out of range');
}

/** The public key of a secret share, or of a group's secret. Throws when it is 0 or not below r. */
export function beaconPublicKeyOf(secret: Uint8Array): Uint8Array {
  assertBeaconSecret(secret);
  return Uint8Array.from(longSignatures.getPublicKey(secret).toBytes());
}

/**
 * Whether the share keys, by index from 0, lie on one polynomial of degree `threshold` - 1 whose
 * value at 0 times `beaconFactor` is the group key: then any `threshold` of them combine to the
 * group's signature.
 */
export function beaconKeysMatch(
  groupPublicKey: Uint8Array,
  sharePublicKeys: readonly Uint8Array[],
  threshold: number,
): boolean {
  if (threshold < 1 || threshold > sharePublicKeys.length) return false;
  const keys: G1Point[] = [];
  for (const encoded of sharePublicKeys) {
    const key = decodePublicKey(encoded);
    if (key === null) return false;
    keys.push(key);
  }
  // Each run of `threshold` neighbours shares all but one point with the next: all equal, one line.
  for (let first = 0; first + threshold <= keys.length; first++) {
    const indices = Array.from({ length: threshold }, (_, i) => first + i);
    const coefficients = beaconCoefficients(indices, keys.length);
    let sum = G1.Point.ZERO;
    for (const [i, coefficient] of coefficients.entries()) {
      sum = sum.add(times(present(keys[first + i], 'share key'), coefficient));
    }
    if (sum.is0() || !equalBytes(sum.toBytes(), groupPublicKey)) return false;
  }
  return true;
}

function decodePublicKey(encoded: Uint8Array): G1Point | null {
  if (encoded.length !== BEACON_PUBLIC_KEY_BYTES) return null;
  return decoded(() => G1.Point.fromBytes(encoded));
}

function decodeSignature(encoded: Uint8Array): G2Point | null {
  if (encoded.length !== BEACON_SIGNATURE_BYTES) return null;
  return decoded(() => longSignatures.Signature.fromBytes(encoded));
}

/** The point, checked by noble to be in its subgroup; null for infinity and what noble refuses. */
function decoded<P extends { is0(): boolean }>(decode: () => P): P | null {
  try {
    const point = decode();
    return point.is0() ? null : point;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}
