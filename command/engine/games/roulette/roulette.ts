import { present } from '../../../../schemas/kernel/assert.js';
import { RejectCode } from '../../../../schemas/rejectCode.js';
import type { RouletteBet } from '../../../../schemas/types/command.js';
import type { RouletteRules } from '../../../../schemas/types/genesis.js';
import type { Draw } from '../../rng/draws.js';
import { coveredNumbers } from './coveredNumbers.js';
import { PAYS_TO_ONE, POCKETS } from './payoutTable.js';

/** A spin before the draw: everything that money needs to know. */
export interface RoulettePlan {
  readonly bets: readonly RouletteBet[];
  /** Sum of the bets. */
  readonly stake: bigint;
  /** The most that a number would return, stakes of winning bets included. */
  readonly worst: bigint;
}

export interface RouletteResult {
  readonly number: number;
  readonly payout: bigint;
}

/** The stream from which the number is drawn. */
export const ROULETTE_PURPOSE = 'roulette/number';

/** Whether bets are acceptable, and what they could return. Equal bets simply add up. */
export function decideSpin(
  rules: RouletteRules,
  bets: readonly RouletteBet[],
): RoulettePlan | RejectCode {
  if (bets.length < 1 || bets.length > rules.betsMax) return RejectCode.badBet;
  let stake = 0n;
  let tooSmall = false;
  for (const bet of bets) {
    if (coveredNumbers(bet) === null) return RejectCode.badBet;
    stake += bet.amount;
    tooSmall ||= bet.amount < rules.betMin;
  }
  if (tooSmall || stake > rules.stakeMax) return RejectCode.stakeOutOfRange;
  return { bets, stake, worst: worstOf(bets) };
}

function worstOf(bets: readonly RouletteBet[]): bigint {
  const [only] = bets;
  if (bets.length === 1 && only !== undefined) return returnOf(only);
  const returns = new Array<bigint>(POCKETS).fill(0n);
  let worst = 0n;
  for (const bet of bets) {
    const returned = returnOf(bet);
    for (const number of numbersOf(bet)) {
      const sum = present(returns[number], 'pocket') + returned;
      returns[number] = sum;
      if (sum > worst) worst = sum;
    }
  }
  return worst;
}

/** Of a bet that wins. */
function returnOf({ kind, amount }: RouletteBet): bigint {
  return amount * (PAYS_TO_ONE[kind] + 1n);
}

function numbersOf(bet: RouletteBet): readonly number[] {
  return present(coveredNumbers(bet), 'numbers of an acceptable bet');
}

/** The wheel: one number of 37. */
export function evolveSpin({ bets }: RoulettePlan, draw: Draw): RouletteResult {
  const number = draw(POCKETS);
  let payout = 0n;
  for (const bet of bets) if (numbersOf(bet).includes(number)) payout += returnOf(bet);
  return { number, payout };
}
