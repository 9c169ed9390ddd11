import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { assert } from '../kernel/assert.js';
import { ascii, equalBytes, fromHex } from '../kernel/bytes.js';

export type Sha256 = (data: Uint8Array) => Uint8Array;

// FIPS 180-4 example "abc".
const ABC_DIGEST = fromHex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');

let implementation: Sha256 = nobleSha256;

/** SHA-256 (FIPS 180-4), 32 bytes. Pure whatever computes it: see `installSha256`. */
export function sha256(data: Uint8Array): Uint8Array {
  return implementation(data);
}

/**
 * Replaces the portable implementation by a faster one of the same function, once, at start-up
 * (`infra/crypto/nativeSha256.ts`; sodium-native is 4 to 10 times as fast as noble below 1 KiB).
 */
export function installSha256(faster: Sha256): void {
  assert(equalBytes(faster(ascii('abc')), ABC_DIGEST), 'installSha256: not SHA-256');
  implementation = faster;
}
