import { present } from '../../../../schemas/kernel/assert.js';
import { RejectCode } from '../../../../schemas/rejectCode.js';
import type { RouletteBet } from '../../../../schemas/types/command.js';
import type { RouletteRules } from '../../../../schemas/types/genesis.js';
import type { Draw } from '../../rng/draws.js';
import { coveredNumbers } from './coveredNumbers.js';
import { PAYS_TO_ONE, POCKETS } from './payoutTable.js';

/** A spin before the draw: everything that money needs to know. */
export interface RoulettePlan {
  /** Sum of the bets. */
  readonly stake: bigint;
  /** What each number would return, stakes of winning bets included. */
  readonly returns: readonly bigint[];
  /** The largest of `returns`. */
  readonly worst: bigint;
}

export interface RouletteResult {
  readonly number: number;
  readonly payout: bigint;
}

/** The stream from which the number is drawn. */
export const ROULETTE_PURPOSE = 'roulette/number';

/** Whether bets are acceptable, and what each number would return. Equal bets simply add up. */
export function decideSpin(
  rules: RouletteRules,
  bets: readonly RouletteBet[],
): RoulettePlan | RejectCode {
  if (bets.length < 1 || bets.length > rules.betsMax) return RejectCode.badBet;
  const returns = new Array<bigint>(POCKETS).fill(0n);
  let stake = 0n;
  for (const bet of bets) {
    const numbers = coveredNumbers(bet);
    if (numbers === null) return RejectCode.badBet;
    const returned = bet.amount * (PAYS_TO_ONE[bet.kind] + 1n);
    for (const number of numbers) {
      const before = present(returns[number], 'pocket');
      // One value for all numbers of a bet that stands alone: sums of bigints are new objects.
      returns[number] = before === 0n ? returned : before + returned;
    }
    stake += bet.amount;
  }
  if (bets.some((bet) => bet.amount < rules.betMin)) return RejectCode.stakeOutOfRange;
  if (stake > rules.stakeMax) return RejectCode.stakeOutOfRange;
  return { stake, returns, worst: largest(returns) };
}

function largest(amounts: readonly bigint[]): bigint {
  let worst = 0n;
  for (const amount of amounts) if (amount > worst) worst = amount;
  return worst;
}

/** The wheel: one number of 37. */
export function evolveSpin(plan: RoulettePlan, draw: Draw): RouletteResult {
  const number = draw(POCKETS);
  return { number, payout: present(plan.returns[number], 'pocket') };
}
