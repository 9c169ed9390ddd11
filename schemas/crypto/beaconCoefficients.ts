import { assert } from '../kernel/assert.js';

/**
 * What the value at 0 of the dealt polynomial is multiplied by to be the group's secret:
 * (shares - 1)!, so that combining needs no fraction. The coefficient of Lagrange for the share at
 * x, of points out of 1 to `shares`, has a denominator that divides (x - 1)! (shares - x)!, and
 * that divides (shares - 1)! (Shoup, "Practical Threshold Signatures", 2000, section 2.1, with
 * another factorial). A fraction would be a multiplication by 255 bits, at ten times the price of
 * all the additions that are left.
 */
export function beaconFactor(shares: number): bigint {
  let factor = 1n;
  for (let i = 2n; i < BigInt(shares); i++) factor *= i;
  return factor;
}

/**
 * By how much each of the chosen shares counts in the group's signature: Lagrange's coefficient at
 * 0 times `beaconFactor(shares)`, a whole number, below zero for some. The share of index i, from
 * 0, is the polynomial's value at i + 1. Indices are distinct and below `shares`.
 */
export function beaconCoefficients(indices: readonly number[], shares: number): bigint[] {
  assert(indices.length > 0, 'no shares');
  assert(new Set(indices).size === indices.length, 'two shares of one index');
  for (const index of indices) {
    const known = Number.isSafeInteger(index) && index >= 0 && index < shares;
    assert(known, 'share index out of range');
  }
  const factor = beaconFactor(shares);
  return indices.map((own) => {
    let numerator = factor;
    let denominator = 1n;
    for (const other of indices) {
      if (other === own) continue;
      numerator *= BigInt(other) + 1n;
      denominator *= BigInt(other - own);
    }
    assert(numerator % denominator === 0n, 'a coefficient is no fraction');
    return numerator / denominator;
  });
}
