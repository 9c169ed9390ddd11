import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { installSha256Lanes, type Sha256Lanes } from '../../schemas/crypto/sha256.js';
import { present } from '../../schemas/kernel/assert.js';
import { sha256Lanes } from './sha256Lanes.js';

const lanes = present(sha256Lanes(), 'vectors of WebAssembly on this machine');

/** Bytes that differ from message to message and from length to length. */
function messagesOf(length: number, count: number): Uint8Array {
  return Uint8Array.from({ length: length * count }, (_, i) => (i * 7 + (i >> 8) + length) & 255);
}

function digestOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

function expectDigests(length: number, count: number): void {
  const messages = messagesOf(length, count);
  const digests = new Uint8Array(32 * count + 5).fill(9);
  lanes.each(messages, length, count, digests);
  for (let i = 0; i < count; i++) {
    const digest = digestOf(messages.subarray(i * length, (i + 1) * length));
    expect(digests.slice(32 * i, 32 * i + 32), `message ${i} of ${length} bytes`).toEqual(digest);
  }
  expect(digests.slice(32 * count)).toEqual(new Uint8Array(5).fill(9));
}

function expectPrefixed(prefix: Uint8Array, messages: readonly Uint8Array[]): void {
  const digests = new Uint8Array(32 * messages.length);
  lanes.prefixed(prefix, messages, digests);
  for (const [i, message] of messages.entries()) {
    const name = `message ${i} of ${message.length} bytes behind ${prefix.length}`;
    expect(digests.slice(32 * i, 32 * i + 32), name).toEqual(digestOf(prefix, message));
  }
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

  it('is SHA-256 behind a prefix, of messages of every length at once', () => {
    const messages = Array.from({ length: 1_100 }, (_, length) => messagesOf(length, 1));
    for (const prefix of [0, 19, 53, 130]) expectPrefixed(messagesOf(prefix, 1), messages);
  });

  it('leaves nothing of one call to the next', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
    const call = fc.tuple(bytes(140), fc.array(bytes(150), { maxLength: 11 }));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 6 }), (calls) => {
        for (const [prefix, messages] of calls) expectPrefixed(prefix, messages);
      }),
    );
  });

  it('is not installed where it answers something else', () => {
    const each: Sha256Lanes['each'] = (messages, length, count, digests) => {
      lanes.each(messages, length, count, digests);
      if (length === 65) digests[159] = digests[159]! ^ 1;
    };
    expect(() => installSha256Lanes({ ...lanes, each })).toThrow('not SHA-256');
    const prefixed: Sha256Lanes['prefixed'] = (prefix, messages, digests) =>
      lanes.prefixed(prefix.subarray(1), messages, digests);
    expect(() => installSha256Lanes({ ...lanes, prefixed })).toThrow('behind a prefix');
  });
});
