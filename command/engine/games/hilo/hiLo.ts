import { RejectCode } from '../../../../schemas/rejectCode.js';
import type { HiLoGuess } from '../../../../schemas/types/command.js';
import type { HiLoOutcome } from '../../../../schemas/types/event.js';
import type { HiLoRules } from '../../../../schemas/types/genesis.js';
import type { Draw } from '../../rng/draws.js';
import { CARDS, RANKS, winMultiplier } from './payoutTable.js';

/** What a game knows of itself: the card on the table and what cashing out now pays. */
export interface HiLoState {
  readonly card: number;
  readonly worth: bigint;
}

/** A guess before the draw. */
export interface HiLoPlan {
  readonly guess: HiLoGuess;
  /** Worth after a win, cut at the payout cap: the worst case for the house. */
  readonly worthIfWon: bigint;
  /** A win reaches the cap and ends the game. */
  readonly capped: boolean;
}

/** A step's end. CASHED_OUT is no end of a step. */
export interface HiLoStep {
  readonly state: HiLoState;
  readonly outcome: Exclude<HiLoOutcome, 'CASHED_OUT'>;
}

/** The stream from which a card is drawn, the first one and each next. */
export const HILO_PURPOSE = 'hi-lo/card';

/** Whether a game may start with this stake. Before a guess the stake comes back whole. */
export function decideStart(rules: HiLoRules, stake: bigint): RejectCode | null {
  const inRange = stake >= rules.stakeMin && stake <= rules.stakeMax;
  return inRange ? null : RejectCode.stakeOutOfRange;
}

export function initialState(stake: bigint, draw: Draw): HiLoState {
  return { card: draw(CARDS), worth: stake };
}

/** Whether the guess can win at all, and what it would be worth; floor-rounded to whole units. */
export function decideGuess(
  rules: HiLoRules,
  state: HiLoState,
  guess: HiLoGuess,
): HiLoPlan | RejectCode {
  const multiplier = winMultiplier(state.card % RANKS, guess, rules.edgeBasisPoints);
  if (multiplier === null) return RejectCode.badMove;
  // Amounts are positive, so the division of bigints is the floor.
  const grown = (state.worth * multiplier.numerator) / multiplier.denominator;
  const capped = grown >= rules.payoutMax;
  return { guess, worthIfWon: capped ? rules.payoutMax : grown, capped };
}

/** The next card. Equal rank pushes on HIGHER and LOWER: the new card lies there, nothing else. */
export function evolveGuess(state: HiLoState, plan: HiLoPlan, draw: Draw): HiLoStep {
  const card = draw(CARDS);
  const difference = (card % RANKS) - (state.card % RANKS);
  if (difference === 0 && plan.guess !== 'SAME') {
    return { state: { card, worth: state.worth }, outcome: 'PUSHED' };
  }
  if (!isWin(plan.guess, difference)) return { state: { card, worth: 0n }, outcome: 'LOST' };
  const outcome = plan.capped ? 'CAPPED' : 'CONTINUES';
  return { state: { card, worth: plan.worthIfWon }, outcome };
}

function isWin(guess: HiLoGuess, difference: number): boolean {
  if (guess === 'SAME') return difference === 0;
  return guess === 'HIGHER' ? difference > 0 : difference < 0;
}
