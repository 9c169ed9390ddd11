import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { installSha256Each } from '../../schemas/crypto/sha256.js';
import { present } from '../../schemas/kernel/assert.js';
import { sha256Lanes } from './sha256Lanes.js';

const each = present(sha256Lanes(), 'vectors of WebAssembly on this machine');

/** Bytes that differ from message to message and from length to length. */
function messagesOf(length: number, count: number): Uint8Array {
  return Uint8Array.from({ length: length * count }, (_, i) => (i * 7 + (i >> 8) + length) & 255);
}

function expectDigests(length: number, count: number): void {
  const messages = messagesOf(length, count);
  const digests = new Uint8Array(32 * count + 5).fill(9);
  each(messages, length, count, digests);
  for (let i = 0; i < count; i++) {
    const message = messages.subarray(i * length, (i + 1) * length);
    const digest = Uint8Array.from(createHash('sha256').update(message).digest());
    expect(digests.slice(32 * i, 32 * i + 32), `message ${i} of ${length} bytes`).toEqual(digest);
  }
  expect(digests.slice(32 * count)).toEqual(new Uint8Array(5).fill(9));
}

describe('SHA-256 in lanes', () => {
  it('is SHA-256 at every length around the ends of blocks, one length after another', () => {
    for (let length = 0; length <= 260; length++) expectDigests(length, 5);
    for (const length of [65, 33, 65]) expectDigests(length, 4);
  });

  it('is SHA-256 for any number of messages, also beyond one batch', () => {
    for (let count = 0; count <= 9; count++) expectDigests(65, count);
    expectDigests(33, 3_001);
    expectDigests(3_000, 130);
    expectDigests(0, 1_030);
  });

  it('is not installed where it answers something else', () => {
    const wrong: typeof each = (messages, length, count, digests) => {
      each(messages, length, count, digests);
      if (length === 65) digests[159] = digests[159]! ^ 1;
    };
    expect(() => installSha256Each(wrong)).toThrow('not SHA-256');
  });
});
