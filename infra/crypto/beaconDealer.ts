import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { beaconFactor } from '../../schemas/crypto/beaconCoefficients.js';
import { BEACON_SECRET_BYTES, beaconPublicKeyOf } from '../../schemas/crypto/bls.js';
import { hmacSha256 } from '../../schemas/crypto/hmac.js';
import { assert } from '../../schemas/kernel/assert.js';
import { ascii, concatBytes, uint32 } from '../../schemas/kernel/bytes.js';

const { Fr } = bls12_381.fields;
const DEALER_SEED_BYTES = 32;

export interface BeaconDealing {
  readonly threshold: number;
  /** 48 bytes; the beacon of a height is checked with it. */
  readonly groupPublicKey: Uint8Array;
  /** By validator index, from 0. */
  readonly shares: readonly DealtShare[];
}

export interface DealtShare {
  /** 48 bytes, public, in genesis. */
  readonly sharePublicKey: Uint8Array;
  /** 32 bytes, the validator's own. */
  readonly secretShare: Uint8Array;
}

/**
 * Shamir shares of a group key by a trusted dealer, who could foretell every outcome: genesis must
 * say that a dealer made its keys. `seed` is 32 bytes of fresh randomness, to be wiped afterwards;
 * the same seed gives the same keys. The secret itself is never returned. About 10 ms a validator.
 */
export function dealBeaconKeys(options: {
  readonly validators: number;
  readonly threshold: number;
  readonly seed: Uint8Array;
}): BeaconDealing {
  const { validators, threshold, seed } = options;
  assert(seed.length === DEALER_SEED_BYTES, `dealer seed of ${seed.length} bytes`);
  assert(threshold >= 1 && threshold <= validators, `threshold ${threshold} of ${validators}`);
  const expand = hmacSha256(seed);
  const polynomial = Array.from({ length: threshold }, (_, power) => coefficient(expand, power));
  const factor = Fr.create(beaconFactor(validators));
  const secret = Fr.mul(evaluate(polynomial, 0n), factor);
  return {
    threshold,
    groupPublicKey: beaconPublicKeyOf(encode(secret)),
    shares: Array.from({ length: validators }, (_, index) => {
      const secretShare = encode(evaluate(polynomial, BigInt(index) + 1n));
      return { sharePublicKey: beaconPublicKeyOf(secretShare), secretShare };
    }),
  };
}

/** 512 bits reduced modulo r: the bias is below 2^-256. */
function coefficient(expand: (message: Uint8Array) => Uint8Array, power: number): bigint {
  const tag = ascii('nullspace beacon dealer');
  const halves = [0, 1].map((half) => expand(concatBytes(tag, uint32(power), uint32(half))));
  return Fr.create(bytesToNumberBE(concatBytes(...halves)));
}

/** Horner's rule in the scalar field. */
function evaluate(polynomial: readonly bigint[], x: bigint): bigint {
  return polynomial.reduceRight((sum, term) => Fr.add(Fr.mul(sum, x), term), Fr.ZERO);
}

function encode(scalar: bigint): Uint8Array {
  return Uint8Array.from(numberToBytesBE(scalar, BEACON_SECRET_BYTES));
}
