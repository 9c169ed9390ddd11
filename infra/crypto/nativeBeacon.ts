import { createRequire } from 'node:module';
import type * as Blst from '@chainsafe/blst';
import herumi from 'bls-eth-wasm';
import {
  BEACON_PUBLIC_KEY_BYTES,
  BEACON_SECRET_BYTES,
  BEACON_SIGNATURE_BYTES,
  portableBeacon,
} from '../../schemas/crypto/bls.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes, fromHex } from '../../schemas/kernel/bytes.js';
import { BEACON_CHECK } from './beaconCheck.js';
import { CryptoError } from './errors.js';
import { smallCoefficients } from './smallCoefficients.js';

/**
 * The beacon by native code: blst signs and verifies (0.3 and 0.9 ms) and adds points, which is
 * enough to combine many choices of shares (0.2 ms, most of it checks of subgroup). It offers no
 * scalar multiplication, so herumi's WebAssembly combines the others (1 ms). Where blst has no
 * binary, noble does all of it, 30 times slower. Checks itself against fixed vectors; throws
 * CryptoError `backend-differs`.
 */
export async function createNativeBeacon(): Promise<BeaconScheme> {
  const blst = loadBlst();
  if (blst === null) return portableBeacon;
  await herumi.init(herumi.BLS12_381);
  // Subgroup membership is checked by blst, seven times as fast.
  herumi.verifySignatureOrder(false);
  const beacon: BeaconScheme = {
    signShare: (secretShare, message) => sign(blst, secretShare, message),
    verifyShare: (key, message, signature) => verify(blst, key, message, signature),
    combine: (shares) => combine(blst, shares),
    verify: (key, message, signature) => verify(blst, key, message, signature),
  };
  checkBeacon(beacon);
  return beacon;
}

function loadBlst(): typeof Blst | null {
  try {
    return createRequire(import.meta.url)('@chainsafe/blst') as typeof Blst;
  } catch (error) {
    // The package's loader throws plain errors when there is no binary for this platform.
    if (error instanceof Error) return null;
    throw error;
  }
}

function sign(blst: typeof Blst, secretShare: Uint8Array, message: Uint8Array): Uint8Array {
  assert(secretShare.length === BEACON_SECRET_BYTES, `share of ${secretShare.length} bytes`);
  return Uint8Array.from(blst.SecretKey.fromBytes(secretShare).sign(message).toBytes());
}

function verify(
  blst: typeof Blst,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  // blst would also take the uncompressed encodings of 96 and 192 bytes.
  if (publicKey.length !== BEACON_PUBLIC_KEY_BYTES) return false;
  if (signature.length !== BEACON_SIGNATURE_BYTES) return false;
  const key = publicKeyOf(blst, publicKey);
  const point = decoded(() => blst.Signature.fromBytes(signature, true));
  return key !== null && point !== null && blst.verify(message, key, point);
}

const publicKeys = new WeakMap<Uint8Array, Blst.PublicKey | null>();

/** A key is an array of genesis or an epoch, asked for at every height: its point is kept. */
function publicKeyOf(blst: typeof Blst, bytes: Uint8Array): Blst.PublicKey | null {
  let key = publicKeys.get(bytes);
  if (key === undefined) {
    key = decoded(() => blst.PublicKey.fromBytes(bytes, true));
    publicKeys.set(bytes, key);
  }
  return key;
}

function combine(blst: typeof Blst, shares: readonly BeaconShare[]): Uint8Array | null {
  assert(shares.length > 0, 'no shares');
  assert(new Set(shares.map(({ index }) => index)).size === shares.length, 'two of one index');
  const points: Blst.Signature[] = [];
  for (const { index, signature } of shares) {
    assert(Number.isSafeInteger(index) && index >= 0, `share index ${index}`);
    // herumi alone would take infinity, also with bytes behind the flag.
    if (signature.length !== BEACON_SIGNATURE_BYTES) return null;
    const point = decoded(() => blst.Signature.fromBytes(signature, true));
    if (point === null) return null;
    points.push(point);
  }
  const coefficients = smallCoefficients(shares.map(({ index }) => index));
  if (coefficients === null) return combineByMultiplication(shares);
  return combineByAddition(blst, shares, points, coefficients);
}

/** The sign of a point's y, in the first byte of its compressed encoding. */
const SIGN_BIT = 0x20;

function combineByAddition(
  blst: typeof Blst,
  shares: readonly BeaconShare[],
  points: readonly Blst.Signature[],
  coefficients: readonly number[],
): Uint8Array {
  const terms: Blst.Signature[] = [];
  for (const [position, coefficient] of coefficients.entries()) {
    let point = present(points[position], 'point');
    if (coefficient < 0) {
      const negated = Uint8Array.from(present(shares[position], 'share').signature);
      negated[0] = present(negated[0], 'first byte') ^ SIGN_BIT;
      point = blst.Signature.fromBytes(negated, false);
    }
    for (let times = Math.abs(coefficient); times > 0; times--) terms.push(point);
  }
  return Uint8Array.from(blst.aggregateSignatures(terms, false).toBytes());
}

function combineByMultiplication(shares: readonly BeaconShare[]): Uint8Array {
  const points = [];
  const ids = [];
  for (const { index, signature } of shares) {
    const point = new herumi.Signature();
    point.deserialize(signature);
    points.push(point);
    const id = new herumi.Id();
    id.setInt(index + 1);
    ids.push(id);
  }
  const combined = new herumi.Signature();
  combined.recover(points, ids);
  return Uint8Array.from(combined.serialize());
}

/** What blst decodes, checked for subgroup and infinity; null for what it refuses. */
function decoded<P>(decode: () => P): P | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

function checkBeacon(beacon: BeaconScheme): void {
  const message = fromHex(BEACON_CHECK.message);
  const expected = fromHex(BEACON_CHECK.signature.join(''));
  const shares = BEACON_CHECK.secretShares.map(([index, secret]) => ({
    index,
    signature: beacon.signShare(fromHex(secret), message),
  }));
  const combined = beacon.combine(shares);
  const same = combined !== null && equalBytes(combined, expected);
  if (same && beacon.verify(fromHex(BEACON_CHECK.groupPublicKey.join('')), message, expected))
    return;
  throw new CryptoError('backend-differs', 'blst and bls-eth-wasm differ from the vectors');
}
