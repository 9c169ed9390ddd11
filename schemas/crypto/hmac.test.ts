import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, fromHex, toHex } from '../kernel/bytes.js';
import { hmacSha256, hmacSha256Each } from './hmac.js';

// RFC 4231, section 4, test cases 1 to 7 (5 is truncated there to 16 bytes).
const RFC_4231: readonly [key: Uint8Array, data: Uint8Array, digest: string][] = [
  [
    new Uint8Array(20).fill(0x0b),
    ascii('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    ascii('Jefe'),
    ascii('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [
    fromHex('0102030405060708090a0b0c0d0e0f10111213141516171819'),
    new Uint8Array(50).fill(0xcd),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
  [
    new Uint8Array(20).fill(0x0c),
    ascii('Test With Truncation'),
    'a3b6167473100ee06e0c796c2955552b',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    ascii(
      'This is a test using a larger than block-size key and a larger than block-size data. ' +
        'The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

describe('hmacSha256', () => {
  it.each(RFC_4231)('RFC 4231 case %#', (key, data, digest) => {
    expect(toHex(hmacSha256(key)(data)).slice(0, digest.length)).toBe(digest);
  });

  it('equals OpenSSL for any key and any run of messages under it', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (key, messages) => {
        const hmac = hmacSha256(key);
        const expected = messages.map((message) =>
          createHmac('sha256', key).update(message).digest('hex'),
        );
        expect(messages.map((message) => toHex(hmac(message)))).toEqual(expected);
        expect(toHex(hmacSha256Each(key)(messages))).toBe(expected.join(''));
      }),
    );
  });

  it('hands out digests that later calls do not touch', () => {
    const hmac = hmacSha256(ascii('key'));
    const first = hmac(ascii('first'));
    const copy = toHex(first);
    hmac(ascii('second'));
    expect(toHex(first)).toBe(copy);
  });
});
