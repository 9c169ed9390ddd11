/** More additions than this take longer than a general combination. */
const SUM_MAX = 64;

/**
 * Lagrange's coefficients at 0 of shares with these indices (the share of index i is the value at
 * i + 1), where they are small whole numbers: then a combination is a few additions of points
 * instead of a multiplication of each by 255 bits. Null where one is a fraction or large.
 *
 * Of the four ways to take 3 of 4 all but {0, 1, 3} are such; of the 21 ways to take 5 of 7 three,
 * among them the lowest five (5, -10, 10, -5, 1), which are taken when all shares are there.
 */
export function smallCoefficients(indices: readonly number[]): readonly number[] | null {
  const coefficients: number[] = [];
  let sum = 0;
  for (const index of indices) {
    let numerator = 1;
    let denominator = 1;
    for (const other of indices) {
      if (other === index) continue;
      numerator *= other + 1;
      denominator *= other - index;
    }
    if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator)) return null;
    if (numerator % denominator !== 0) return null;
    const coefficient = numerator / denominator;
    sum += Math.abs(coefficient);
    coefficients.push(coefficient);
  }
  return sum <= SUM_MAX ? coefficients : null;
}
