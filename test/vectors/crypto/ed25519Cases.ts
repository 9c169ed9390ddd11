import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { assert, present } from '../../../schemas/kernel/assert.js';
import { ascii, concatBytes } from '../../../schemas/kernel/bytes.js';
import { RFC_8032_TESTS } from './rfc8032Tests.js';

/** One crafted signature and the protocol's answer (libsodium's column of reference/limits.md). */
export interface Ed25519Case {
  readonly name: string;
  readonly valid: boolean;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const { Point } = ed25519;
type EdwardsPoint = typeof Point.BASE;

const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const SIGN_BIT = 1n << 255n;
const ATTEMPTS_MAX = 1_000;

// An honest key pair and nonce, as scalars, so that signatures can be crafted around them.
const a = scalarOf('nullspace edge case key');
const r = scalarOf('nullspace edge case nonce');
const A = Point.BASE.multiply(a);
const R = Point.BASE.multiply(r);

const TORSION: readonly EdwardsPoint[] = ED25519_TORSION_SUBGROUP.map((hex) =>
  Point.fromHex(hex, true),
);
const T2 = present(
  TORSION.find((point) => orderOf(point) === 2),
  'point of order 2',
);
const T4 = present(
  TORSION.find((point) => orderOf(point) === 4),
  'point of order 4',
);
const T8 = present(
  TORSION.find((point) => orderOf(point) === 8),
  'point of order 8',
);

/** The encodings no encoder writes: y >= p, or the sign bit on x = 0. All are of small order. */
const NON_CANONICAL: readonly [name: string, encoding: Uint8Array][] = [
  ['y = p (order 4)', encode(P)],
  ['y = p with the sign bit (order 4)', encode(P | SIGN_BIT)],
  ['y = p + 1 (identity)', encode(P + 1n)],
  ['y = p + 1 with the sign bit (identity)', encode((P + 1n) | SIGN_BIT)],
  ['y = 1 with the sign bit (identity, x = -0)', encode(1n | SIGN_BIT)],
  ['y = p - 1 with the sign bit (order 2, x = -0)', encode((P - 1n) | SIGN_BIT)],
];

/** Every row of the edge table, the lengths, and honest signatures. The same list on every run. */
export function ed25519Cases(): readonly Ed25519Case[] {
  return [
    ...RFC_8032_TESTS,
    ...honestAndDamaged(),
    ...scalarRange(),
    ...smallOrderKeys(),
    ...nonCanonicalKeys(),
    ...smallOrderNonces(),
    ...mixedOrder(),
    ...notOnTheCurve(),
    ...lengths(),
  ];
}

function honestAndDamaged(): Ed25519Case[] {
  const honest = craft('honest', true, A.toBytes(), R.toBytes(), ascii('bet 0'), hashedS);
  const flip = (bytes: Uint8Array, bit: number) => {
    const copy = Uint8Array.from(bytes);
    copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
    return copy;
  };
  const { publicKey, message, signature } = honest;
  return [
    honest,
    craft('honest, empty message', true, A.toBytes(), R.toBytes(), new Uint8Array(0), hashedS),
    { ...honest, valid: false, name: 'one message bit flipped', message: flip(message, 3) },
    { ...honest, valid: false, name: 'one bit of R flipped', signature: flip(signature, 3) },
    { ...honest, valid: false, name: 'sign bit of R flipped', signature: flip(signature, 255) },
    { ...honest, valid: false, name: 'one bit of S flipped', signature: flip(signature, 259) },
    { ...honest, valid: false, name: 'sign bit of A flipped', publicKey: flip(publicKey, 255) },
    { ...honest, valid: false, name: 'message with a byte appended', message: ascii('bet 00') },
    {
      ...honest,
      valid: false,
      name: 'all zero',
      publicKey: encode(0n),
      signature: new Uint8Array(64),
    },
  ];
}

function scalarRange(): Ed25519Case[] {
  const message = ascii('bet 1');
  const add = (name: string, summand: bigint) =>
    craft(name, false, A.toBytes(), R.toBytes(), message, (h) => hashedS(h) + summand);
  return [
    add('S + L (malleated)', L),
    add('S + 8L', 8n * L),
    add('S + 15L (highest bits)', 15n * L),
    craft(
      'S = L, which is zero: R = -hA cannot be known',
      false,
      A.toBytes(),
      R.toBytes(),
      message,
      () => L,
    ),
    craft('A = identity, R = identity, S = L', false, point(0), point(0), message, () => L),
    craft('S = 2^256 - 1', false, A.toBytes(), R.toBytes(), message, () => (1n << 256n) - 1n),
  ];
}

function smallOrderKeys(): Ed25519Case[] {
  const identity = Point.ZERO.toBytes();
  const cases = [
    craft('A = identity, R = rB', false, identity, R.toBytes(), ascii('bet 2'), () => r),
  ];
  for (const [order, small] of [
    [2, T2],
    [4, T4],
    [8, T8],
  ] as const) {
    const key = small.toBytes();
    const name = `A of order ${order}`;
    const divides = (h: bigint) => h % BigInt(order) === 0n;
    cases.push(
      search(`${name}, R = rB, cofactorless equation holds`, key, R.toBytes(), divides, () => r),
      search(
        `${name}, R = rB, only cofactored holds`,
        key,
        R.toBytes(),
        (h) => !divides(h),
        () => r,
      ),
      smallPair(`${name}, R small, S = 0, cofactorless equation holds`, small, true),
      smallPair(`${name}, R small, S = 0, only cofactored holds`, small, false),
    );
  }
  return cases;
}

/** A and R both of small order and S = 0: anybody can make these, for any message. */
function smallPair(name: string, key: EdwardsPoint, cofactorless: boolean): Ed25519Case {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const message = ascii(`bet ${attempt}`);
    for (const nonce of TORSION) {
      const h = challenge(nonce.toBytes(), key.toBytes(), message);
      const needed = multiply(key, h % 8n).negate();
      if (nonce.equals(needed) !== cofactorless) continue;
      return craft(name, false, key.toBytes(), nonce.toBytes(), message, () => 0n);
    }
  }
  throw new Error(`no message for: ${name}`);
}

function nonCanonicalKeys(): Ed25519Case[] {
  return NON_CANONICAL.map(([name, key]) => {
    const decoded = Point.fromBytes(key, true);
    const holds = (h: bigint) => multiply(decoded, h % 8n).is0();
    return search(`A ${name}, R = rB, both hold`, key, R.toBytes(), holds, () => r);
  });
}

function smallOrderNonces(): Ed25519Case[] {
  const message = ascii('bet 3');
  const timesA = (h: bigint) => (h * a) % L;
  const key = A.toBytes();
  const canonical: readonly [name: string, nonce: EdwardsPoint][] = [
    ['identity (both hold)', Point.ZERO],
    ['of order 2 (only cofactored holds)', T2],
    ['of order 4 (only cofactored holds)', T4],
    ['of order 8 (only cofactored holds)', T8],
  ];
  const reencoded = challenge(Point.ZERO.toBytes(), key, message);
  return [
    ...canonical.map(([name, nonce]) =>
      craft(`A honest, R ${name}, S = ha`, false, key, nonce.toBytes(), message, timesA),
    ),
    ...NON_CANONICAL.map(([name, nonce]) =>
      craft(`A honest, R ${name}, S = ha`, false, key, nonce, message, timesA),
    ),
    craft(
      'A honest, R y = p + 1, h over R encoded again',
      false,
      key,
      encode(P + 1n),
      message,
      () => timesA(reencoded),
    ),
  ];
}

function mixedOrder(): Ed25519Case[] {
  const mixedA = A.add(T8).toBytes();
  const mixedR = R.add(T8).toBytes();
  const zero = (h: bigint) => h % 8n === 0n;
  const odd = (h: bigint) => h % 8n !== 0n;
  const cancels = (h: bigint) => (h + 1n) % 8n === 0n;
  const nonce = R.toBytes();
  return [
    search('A of mixed order, R honest, both hold', mixedA, nonce, zero, hashedS, true),
    search('A of mixed order, R honest, only cofactored holds', mixedA, nonce, odd, hashedS),
    search('A honest, R of mixed order, only cofactored holds', A.toBytes(), mixedR, odd, hashedS),
    search('A and R of mixed order, both hold', mixedA, mixedR, cancels, hashedS, true),
    search('A and R of mixed order, only cofactored holds', mixedA, mixedR, zero, hashedS),
  ];
}

function notOnTheCurve(): Ed25519Case[] {
  const message = ascii('bet 4');
  // y = 2: (y^2 - 1) / (dy^2 + 1) is not a square.
  const noPoint = encode(2n);
  const highest = encode((1n << 255n) - 1n);
  return [
    craft('A not on the curve', false, noPoint, R.toBytes(), message, hashedS),
    craft('A y = 2^255 - 1', false, highest, R.toBytes(), message, hashedS),
    craft('R not on the curve', false, A.toBytes(), noPoint, message, hashedS),
    craft('R y = 2^255 - 1', false, A.toBytes(), highest, message, hashedS),
  ];
}

function lengths(): Ed25519Case[] {
  const honest = craft('honest', true, A.toBytes(), R.toBytes(), ascii('bet 5'), hashedS);
  const { publicKey, signature } = honest;
  const extended = concatBytes(signature, new Uint8Array(6));
  const longKey = concatBytes(publicKey, new Uint8Array(1));
  return [
    { ...honest, valid: false, name: 'signature and 6 bytes more', signature: extended },
    { ...honest, valid: false, name: 'signature of 63 bytes', signature: signature.slice(0, 63) },
    { ...honest, valid: false, name: 'signature of 32 bytes', signature: signature.slice(0, 32) },
    { ...honest, valid: false, name: 'empty signature', signature: new Uint8Array(0) },
    { ...honest, valid: false, name: 'key of 31 bytes', publicKey: publicKey.slice(0, 31) },
    { ...honest, valid: false, name: 'key of 33 bytes', publicKey: longKey },
    { ...honest, valid: false, name: 'empty key', publicKey: new Uint8Array(0) },
  ];
}

/** A signature with S as a function of h = H(R, A, M), whatever A and R are. */
function craft(
  name: string,
  valid: boolean,
  publicKey: Uint8Array,
  nonce: Uint8Array,
  message: Uint8Array,
  sOf: (h: bigint) => bigint,
): Ed25519Case {
  const s = sOf(challenge(nonce, publicKey, message));
  return { name, valid, publicKey, message, signature: concatBytes(nonce, encode(s)) };
}

/** The first message whose h satisfies `wanted`. */
function search(
  name: string,
  publicKey: Uint8Array,
  nonce: Uint8Array,
  wanted: (h: bigint) => boolean,
  sOf: (h: bigint) => bigint,
  valid = false,
): Ed25519Case {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const message = ascii(`bet ${attempt}`);
    if (!wanted(challenge(nonce, publicKey, message))) continue;
    return craft(name, valid, publicKey, nonce, message, sOf);
  }
  throw new Error(`no message for: ${name}`);
}

function hashedS(h: bigint): bigint {
  return (r + h * a) % L;
}

function challenge(nonce: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return bytesToNumberLE(sha512(concatBytes(nonce, publicKey, message))) % L;
}

function multiply(base: EdwardsPoint, scalar: bigint): EdwardsPoint {
  return scalar === 0n ? Point.ZERO : base.multiplyUnsafe(scalar);
}

function point(scalar: number): Uint8Array {
  return multiply(Point.BASE, BigInt(scalar)).toBytes();
}

function orderOf(small: EdwardsPoint): number {
  for (const order of [1, 2, 4, 8]) if (multiply(small, BigInt(order)).is0()) return order;
  throw new Error('not of small order');
}

function scalarOf(label: string): bigint {
  return bytesToNumberLE(sha256(ascii(label))) % L;
}

function encode(value: bigint): Uint8Array {
  assert(value >= 0n && value < 1n << 256n, 'not 32 bytes');
  return Uint8Array.from(numberToBytesLE(value, 32));
}
