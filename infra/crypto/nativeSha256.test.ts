import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { installNativeCrypto, nativeSha256 } from './nativeSha256.js';

const into = nativeSha256();

function native(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  into(data, digest, 0);
  return digest;
}

function expected(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

it('is SHA-256 for every length across the changes of library', () => {
  const data = new Uint8Array(1_100).map((_, i) => i * 7);
  for (let length = 0; length <= data.length; length++) {
    const view = data.subarray(0, length);
    expect(toHex(native(view))).toBe(expected(view));
  }
});

it('is SHA-256 of views at any offset, heap arrays and shared memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat({ max: 40 }), (data, offset) => {
      const shared = new Uint8Array(new SharedArrayBuffer(data.length + offset));
      shared.set(data, offset);
      const digest = expected(data);
      expect(toHex(native(data))).toBe(digest);
      expect(toHex(native(data.slice()))).toBe(digest);
      expect(toHex(native(shared.subarray(offset)))).toBe(digest);
    }),
  );
});

it('writes 32 bytes at its place and no others', () => {
  for (const length of [10, 100, 1_000]) {
    const data = new Uint8Array(length).fill(1);
    const place = new Uint8Array(40).fill(7);
    into(data, place, 5);
    expect(toHex(place)).toBe(`${'07'.repeat(5)}${expected(data)}070707`);
  }
});

it('is what the protocol hashes with after one call at start', () => {
  installNativeCrypto();
  const data = new Uint8Array(100).fill(3);
  expect(toHex(sha256(data))).toBe(expected(data));
});
