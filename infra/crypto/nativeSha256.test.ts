import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { installNativeCrypto, nativeSha256 } from './nativeSha256.js';

const native = nativeSha256();

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

it('hands out plain arrays that later calls do not touch', () => {
  for (const length of [10, 100, 1_000]) {
    const digest = native(new Uint8Array(length));
    const before = toHex(digest);
    native(new Uint8Array(length).fill(1));
    expect(toHex(digest)).toBe(before);
    expect(digest.constructor).toBe(Uint8Array);
    expect(digest.length).toBe(32);
  }
});

it('is what the protocol hashes with after one call at start', () => {
  installNativeCrypto();
  const data = new Uint8Array(100).fill(3);
  expect(toHex(sha256(data))).toBe(expected(data));
});
