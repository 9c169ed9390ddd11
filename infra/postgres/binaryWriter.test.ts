import { describe, expect, it } from 'vitest';
import { BinaryWriter } from './binaryWriter.js';

function written(write: (writer: BinaryWriter) => void): string {
  const writer = new BinaryWriter(8);
  write(writer);
  return writer.take().toString('hex');
}

describe('whole numbers', () => {
  it.each([
    [0, '0000000000000000'],
    [-1, 'ffffffffffffffff'],
    [2 ** 53 - 1, '001fffffffffffff'],
    [-(2 ** 53) + 1, 'ffe0000000000001'],
    [2n ** 53n, '0020000000000000'],
    [2n ** 63n - 1n, '7fffffffffffffff'],
    [-(2n ** 63n), '8000000000000000'],
  ])('of 64 bits: %s', (value, hex) => {
    expect(written((writer) => writer.int64Cell(value))).toBe(`00000008${hex}`);
  });

  it.each([2n ** 63n, -(2n ** 63n) - 1n, 24n * 10n ** 18n, 2 ** 53, 0.5, Number.NaN])(
    'that 64 bits do not hold are a bug: %s',
    (value) => {
      const writer = new BinaryWriter(8);
      expect(() => writer.int64Cell(value)).toThrow(/is no (safe integer|integer of 64 bits)/);
    },
  );

  it('of 32 bits, and others are a bug', () => {
    const writer = new BinaryWriter(8);
    for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
      expect(() => writer.int32Cell(value)).toThrow('is no integer of 32 bits');
    }
    for (const value of [2 ** 31 - 1, -(2 ** 31), 0]) writer.int32Cell(value);
    const hex = ['7fffffff', '80000000', '00000000'].map((cell) => `00000004${cell}`).join('');
    expect(writer.take().subarray(-24).toString('hex')).toBe(hex);
  });

  it.each([
    [0n, '0000 0000 0000 0000'],
    [1n, '0001 0000 0000 0000 0001'],
    [9_999n, '0001 0000 0000 0000 270f'],
    [10_000n, '0002 0001 0000 0000 0001 0000'],
    [-1_234_567n, '0002 0001 4000 0000 007b 11d7'],
    [10n ** 12n + 5n, '0004 0003 0000 0000 0001 0000 0000 0005'],
  ])('of any size: %s', (value, cells) => {
    const hex = cells.replaceAll(' ', '');
    const length = (hex.length / 2).toString(16).padStart(8, '0');
    expect(written((writer) => writer.numericCell(value))).toBe(length + hex);
  });
});
