import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { assert } from '../kernel/assert.js';
import { ascii, equalBytes, fromHex } from '../kernel/bytes.js';

/** Writes the digest of `data` at a place of a larger array, which may hold `data` too. */
export type Sha256Into = (data: Uint8Array, into: Uint8Array, at: number) => void;

const DIGEST_BYTES = 32;

/**
 * `count` messages of `length` bytes, one behind the other from the start of `messages`; the digest
 * of message i goes to `digests` at 32 i.
 */
export type Sha256Each = (
  messages: Uint8Array,
  length: number,
  count: number,
  digests: Uint8Array,
) => void;

// FIPS 180-4 example "abc".
const ABC_DIGEST = fromHex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');

let implementation: Sha256Into = (data, into, at) => into.set(nobleSha256(data), at);
let eachImplementation: Sha256Each = oneByOne;

function oneByOne(messages: Uint8Array, length: number, count: number, digests: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    sha256Into(messages.subarray(i * length, (i + 1) * length), digests, i * DIGEST_BYTES);
  }
}

/** SHA-256 (FIPS 180-4), 32 bytes. Pure whatever computes it: see `installSha256`. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(DIGEST_BYTES);
  implementation(data, digest, 0);
  return digest;
}

/** The same, at a place of a larger array: an array of its own costs as much as a short hash. */
export function sha256Into(data: Uint8Array, into: Uint8Array, at: number): void {
  implementation(data, into, at);
}

/** SHA-256 of many short messages of one length: see `Sha256Each`. Pure as well. */
export function sha256Each(
  messages: Uint8Array,
  length: number,
  count: number,
  digests: Uint8Array,
): void {
  eachImplementation(messages, length, count, digests);
}

/**
 * Replaces the portable implementation by a faster one of the same function, once, at start-up
 * (`infra/crypto/nativeSha256.ts`; sodium-native is 4 to 10 times as fast as noble below 1 KiB).
 */
export function installSha256(faster: Sha256Into): void {
  const digest = new Uint8Array(DIGEST_BYTES);
  faster(ascii('abc'), digest, 0);
  assert(equalBytes(digest, ABC_DIGEST), 'installSha256: not SHA-256');
  implementation = faster;
}

/** The same for many messages (`infra/crypto/sha256Lanes.ts`), checked against `sha256`. */
export function installSha256Each(faster: Sha256Each): void {
  for (const length of [0, 33, 65]) {
    const count = 5;
    const messages = new Uint8Array(count * length).map((_, i) => i);
    const [digests, expected] = [new Uint8Array(160), new Uint8Array(160)];
    faster(messages, length, count, digests);
    oneByOne(messages, length, count, expected);
    assert(equalBytes(digests, expected), 'installSha256Each: not SHA-256');
  }
  eachImplementation = faster;
}
