import { expect, it } from 'vitest';
import { beaconCoefficients, beaconFactor } from './beaconCoefficients.js';

/** All subsets of `size` of the numbers below `count`. */
function subsets(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let first = from; first < count; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) found.push([first, ...rest]);
  }
  return found;
}

it.each([
  [1, 1],
  [4, 3],
  [7, 5],
  [10, 7],
])('any polynomial of %i shares is known at 0 from any %i, times the factor', (shares, size) => {
  // Coefficients of a polynomial of the degree that `size` points determine.
  const terms = Array.from({ length: size }, (_, power) => BigInt(7 * power * power + 5 - power));
  const at = (x: bigint) => terms.reduceRight((sum, term) => sum * x + term, 0n);
  for (const indices of subsets(shares, size)) {
    const coefficients = beaconCoefficients(indices, shares);
    const sum = indices.reduce((sum, i, k) => sum + coefficients[k]! * at(BigInt(i) + 1n), 0n);
    expect(sum).toBe(beaconFactor(shares) * at(0n));
  }
});

it('names the coefficients of four validators', () => {
  expect(beaconFactor(4)).toBe(6n);
  expect(beaconCoefficients([0, 1, 2], 4)).toEqual([18n, -18n, 6n]);
  expect(beaconCoefficients([0, 1, 3], 4)).toEqual([16n, -12n, 2n]);
});

it('refuses indices that are none', () => {
  for (const bad of [[], [0, 0], [-1], [4], [0.5]]) {
    expect(() => beaconCoefficients(bad, 4)).toThrow();
  }
});
