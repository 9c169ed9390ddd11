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
import { assert } from '../../schemas/kernel/assert.js';
import { equalBytes, fromHex } from '../../schemas/kernel/bytes.js';
import { BEACON_CHECK } from './beaconCheck.js';
import { CryptoError } from './errors.js';

/**
 * The beacon by native code: blst signs and verifies (0.3 and 0.9 ms), herumi's WebAssembly
 * combines (1 ms), since blst offers no scalar multiplication. Where blst has no binary, noble does
 * all of it, 30 times slower. Checks itself against fixed vectors; throws CryptoError
 * `backend-differs`.
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
  const key = decoded(() => blst.PublicKey.fromBytes(publicKey, true));
  const point = decoded(() => blst.Signature.fromBytes(signature, true));
  return key !== null && point !== null && blst.verify(message, key, point);
}

function combine(blst: typeof Blst, shares: readonly BeaconShare[]): Uint8Array | null {
  assert(shares.length > 0, 'no shares');
  assert(new Set(shares.map(({ index }) => index)).size === shares.length, 'two of one index');
  const points = [];
  const ids = [];
  for (const { index, signature } of shares) {
    assert(Number.isSafeInteger(index) && index >= 0, `share index ${index}`);
    // herumi alone would take infinity, also with bytes behind the flag.
    if (signature.length !== BEACON_SIGNATURE_BYTES) return null;
    if (decoded(() => blst.Signature.fromBytes(signature, true)) === null) return null;
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
