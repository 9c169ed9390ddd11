import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { assert } from '../kernel/assert.js';
import { ascii, equalBytes, fromHex } from '../kernel/bytes.js';
import { joinBriefly } from '../kernel/joinBriefly.js';

/** Writes the digest of `data` at a place of a larger array, which may hold `data` too. */
export type Sha256Into = (data: Uint8Array, into: Uint8Array, at: number) => void;

/** Of one digest. */
export const SHA256_BYTES = 32;

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

/** The digest of `prefix ‖ message` for each message, that of message i to `digests` at 32 i. */
export type Sha256Prefixed = (
  prefix: Uint8Array,
  messages: readonly Uint8Array[],
  digests: Uint8Array,
) => void;

// FIPS 180-4 example "abc".
const ABC_DIGEST = fromHex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');

let implementation: Sha256Into = (data, into, at) => into.set(nobleSha256(data), at);
let eachImplementation: Sha256Each = oneByOne;
let prefixedImplementation: Sha256Prefixed = prefixedOneByOne;

function oneByOne(messages: Uint8Array, length: number, count: number, digests: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    sha256Into(messages.subarray(i * length, (i + 1) * length), digests, i * SHA256_BYTES);
  }
}

function prefixedOneByOne(
  prefix: Uint8Array,
  messages: readonly Uint8Array[],
  digests: Uint8Array,
): void {
  for (const [i, message] of messages.entries()) {
    sha256Into(joinBriefly(prefix, [message]), digests, i * SHA256_BYTES);
  }
}

/** SHA-256 (FIPS 180-4), 32 bytes. Pure whatever computes it: see `installSha256`. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(SHA256_BYTES);
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

/** SHA-256 of many messages behind one prefix: the digests, one behind the other. Pure as well. */
export function sha256Prefixed(prefix: Uint8Array, messages: readonly Uint8Array[]): Uint8Array {
  const digests = new Uint8Array(messages.length * SHA256_BYTES);
  prefixedImplementation(prefix, messages, digests);
  return digests;
}

/**
 * Replaces the portable implementation by a faster one of the same function, once, at start-up
 * (`infra/crypto/nativeSha256.ts`; sodium-native is 4 to 10 times as fast as noble below 1 KiB).
 */
export function installSha256(faster: Sha256Into): void {
  const digest = new Uint8Array(SHA256_BYTES);
  faster(ascii('abc'), digest, 0);
  assert(equalBytes(digest, ABC_DIGEST), 'installSha256: not SHA-256');
  implementation = faster;
}

/** What hashes many messages in one call (`infra/crypto/sha256Lanes.ts`). */
export interface Sha256Lanes {
  readonly each: Sha256Each;
  readonly prefixed: Sha256Prefixed;
}

/** Installs these, checked against `sha256`. */
export function installSha256Lanes(faster: Sha256Lanes): void {
  for (const length of [0, 33, 65]) {
    const count = 5;
    const messages = new Uint8Array(count * length).map((_, i) => i);
    const [digests, expected] = [new Uint8Array(160), new Uint8Array(160)];
    faster.each(messages, length, count, digests);
    oneByOne(messages, length, count, expected);
    assert(equalBytes(digests, expected), 'installSha256Lanes: not SHA-256');
    const views = [0, 1, 2, 3, 4].map((i) => messages.subarray(0, length + i * (length % 32)));
    faster.prefixed(ABC_DIGEST, views, digests);
    prefixedOneByOne(ABC_DIGEST, views, expected);
    assert(equalBytes(digests, expected), 'installSha256Lanes: not SHA-256 behind a prefix');
  }
  eachImplementation = faster.each;
  prefixedImplementation = faster.prefixed;
}
