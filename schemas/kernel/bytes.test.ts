import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, isHex, parseHex, toHex } from './bytes.js';

describe('hex', () => {
  test('of any bytes, two digits each, and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const text = toHex(bytes);
        expect(text).toBe(Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(''));
        expect(fromHex(text)).toEqual(bytes);
        expect(parseHex(text.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test('is nothing else, and isHex says the same as parseHex', () => {
    const character = fc.constantFrom(...'09afAFgGxX/:@`- \u0130\u0660\u{1d7d8}');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 8 }), (text) => {
        const isWhole = text.length % 2 === 0 && [...text].every((c) => '09afAF'.includes(c));
        expect(parseHex(text) !== null).toBe(isWhole);
        expect(isHex(text)).toBe(isWhole);
      }),
    );
    expect(parseHex('')).toEqual(new Uint8Array(0));
  });
});
