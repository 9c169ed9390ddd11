import type { HiLoGuess } from '../../../../schemas/types/command.js';

/** Cards 0 to 51 with replacement: rank = card % 13, ace (0) low, king (12) high. */
export const CARDS = 52;
export const RANKS = 13;

const BASIS_POINTS = 10_000n;

/** A multiplier of the game's worth, as an exact fraction. */
export interface Multiplier {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Ranks of the next card that win. On HIGHER and LOWER an equal rank pushes; all others lose. */
export function winningRanks(rank: number, guess: HiLoGuess): number {
  if (guess === 'SAME') return 1;
  return guess === 'HIGHER' ? RANKS - 1 - rank : rank;
}

/**
 * What a win multiplies the worth by; null for a guess that cannot win. A guess that does not push
 * is decided among 12 ranks (13 for SAME) of which `winning` win, so decided/winning is fair, and
 * the edge is taken from it: a decided guess returns 1 - edge on average. Two exceptions favour the
 * player: HIGHER on an ace and LOWER on a king cannot lose, and the multiplier never falls below 1,
 * so these return exactly the worth. Enumerated in payoutTable.test.ts.
 */
export function winMultiplier(
  rank: number,
  guess: HiLoGuess,
  edgeBasisPoints: number,
): Multiplier | null {
  const winning = winningRanks(rank, guess);
  if (winning === 0) return null;
  const decided = guess === 'SAME' ? RANKS : RANKS - 1;
  const numerator = BigInt(decided) * (BASIS_POINTS - BigInt(edgeBasisPoints));
  const denominator = BigInt(winning) * BASIS_POINTS;
  return numerator < denominator ? { numerator: 1n, denominator: 1n } : { numerator, denominator };
}
