import { RejectCode } from '../../../schemas/rejectCode.js';
import type { SpinRoulette } from '../../../schemas/types/command.js';
import { reserve } from '../account/house.js';
import { settleStake, takeStake } from '../account/stake.js';
import { findHouse } from '../engineState.js';
import { drawsOf, type Execution, emit, type Refusal } from '../execution.js';
import {
  decideSpin,
  evolveSpin,
  ROULETTE_PURPOSE,
  type RoulettePlan,
} from '../games/roulette/roulette.js';

/** All bets of a round in one command: stake, reserve, draw, settle. Nothing is refused after the
 * draw. */
export function spinRoulette(execution: Execution, instruction: SpinRoulette): Refusal {
  const { state } = execution.block;
  const { asset, bets } = instruction;
  for (const { amount } of bets) if (amount <= 0n) return RejectCode.badAmount;
  if (findHouse(state, asset) === null) return RejectCode.unknownAsset;
  const plan = decideSpin(state.genesis.roulette, bets);
  if (typeof plan === 'number') return plan;
  const refusal = takeStake(execution, asset, plan.stake);
  if (refusal !== null) return refusal;
  if (plan.worst > state.genesis.roulette.payoutMax) return RejectCode.payoutAboveCap;
  const atRisk = exposure(plan);
  if (!reserve(state, asset, atRisk)) return RejectCode.houseExposed;
  const { number, payout } = evolveSpin(plan, drawsOf(execution, ROULETTE_PURPOSE));
  reserve(state, asset, -atRisk);
  const { stake } = plan;
  emit(execution, execution.account, { kind: 'RouletteSpun', asset, bets, number, stake, payout });
  settleStake(execution, asset, { stake, payout });
  return null;
}

/** What the house can lose beyond the stake. Bets on everything risk nothing. */
function exposure({ worst, stake }: RoulettePlan): bigint {
  return worst > stake ? worst - stake : 0n;
}
