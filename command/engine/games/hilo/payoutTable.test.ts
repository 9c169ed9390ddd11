import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../../../schemas/rejectCode.js';
import { decideGuess, decideStart, evolveGuess, initialState } from './hiLo.js';
import { CARDS, RANKS } from './payoutTable.js';

/** Divisible by every denominator of the table, so that nothing is rounded here. */
const WORTH = 10_000n * 27_720n;
const rules = {
  ...{ stakeMin: 1n, stakeMax: WORTH, payoutMax: WORTH * 100n, edgeBasisPoints: 300 },
  ...{ lifetimeMs: 1, openGamesMax: 1 },
};
const GUESSES = ['HIGHER', 'LOWER', 'SAME'] as const;
const EVERY_RANK = Array.from({ length: RANKS }, (_, rank) => rank);

/** Sum of worths over all 52 next cards, and how many of them pushed. */
function enumerate(rank: number, guess: (typeof GUESSES)[number], worth = WORTH) {
  const state = { card: rank, worth };
  const plan = decideGuess(rules, state, guess);
  if (typeof plan === 'number') return plan;
  let total = 0n;
  let pushed = 0;
  for (let card = 0; card < CARDS; card++) {
    const step = evolveGuess(state, plan, () => card);
    total += step.state.worth;
    if (step.outcome === 'PUSHED') pushed++;
  }
  return { total, pushed };
}

describe('return to player of a guess, by enumeration of the 52 cards', () => {
  it.each(EVERY_RANK)('rank %i: what is not pushed returns 97 %, a sure thing 100 %', (rank) => {
    for (const guess of GUESSES) {
      const result = enumerate(rank, guess);
      const impossible = guess === 'HIGHER' ? rank === 12 : guess === 'LOWER' && rank === 0;
      if (typeof result === 'number' || impossible) {
        expect([result, impossible]).toEqual([RejectCode.badMove, true]);
        continue;
      }
      expect(result.pushed).toBe(guess === 'SAME' ? 0 : 4);
      const decided = BigInt(CARDS - result.pushed) * WORTH;
      const sure = guess !== 'SAME' && (guess === 'HIGHER' ? rank === 0 : rank === 12);
      const expected = sure ? decided : (decided * 97n) / 100n;
      expect(result.total).toBe(expected + BigInt(result.pushed) * WORTH);
    }
  });

  it('never gains on average, whatever the worth and its rounding', () => {
    for (let worth = 1n; worth < 200n; worth++) {
      for (const rank of EVERY_RANK) {
        for (const guess of GUESSES) {
          const result = enumerate(rank, guess, worth);
          if (typeof result === 'number') continue;
          expect(result.total <= BigInt(CARDS) * worth).toBe(true);
        }
      }
    }
  });
});

describe('a game', () => {
  it('starts within the stakes and is worth its stake', () => {
    expect(decideStart(rules, 0n)).toBe(RejectCode.stakeOutOfRange);
    expect(decideStart(rules, WORTH + 1n)).toBe(RejectCode.stakeOutOfRange);
    expect(decideStart(rules, 5n)).toBeNull();
    expect(initialState(5n, () => 51)).toEqual({ card: 51, worth: 5n });
  });

  it('pushes on an equal rank of any suit, and goes on from the new card', () => {
    const state = { card: 5, worth: 100n };
    const plan = decideGuess(rules, state, 'HIGHER');
    if (typeof plan === 'number') expect.unreachable(`refused: ${plan}`);
    const step = evolveGuess(state, plan, () => 5 + RANKS);
    expect(step).toEqual({ state: { card: 18, worth: 100n }, outcome: 'PUSHED' });
  });

  it('is cut at the cap before the draw, so the worst case is known', () => {
    const capped = { ...rules, payoutMax: 1_000n };
    const state = { card: 0, worth: 100n };
    const plan = decideGuess(capped, state, 'SAME');
    expect(plan).toEqual({ guess: 'SAME', worthIfWon: 1_000n, capped: true });
    if (typeof plan === 'number') return;
    expect(evolveGuess(state, plan, () => 13)).toMatchObject({ outcome: 'CAPPED' });
    expect(evolveGuess(state, plan, () => 1)).toMatchObject({ outcome: 'LOST' });
  });
});
