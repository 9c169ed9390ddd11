import { RejectCode } from '../../../schemas/rejectCode.js';
import { spend } from '../authorization/spendLimit.js';
import type { Execution, Refusal } from '../execution.js';
import { balanceOf, changeBalance } from './balances.js';
import { post } from './house.js';

/** Takes a stake from the player into play, within the session's limit and the balance. */
export function takeStake(execution: Execution, asset: number, stake: bigint): Refusal {
  const { account, block, lane } = execution;
  if (lane !== null && !spend(block.state, lane, asset, stake)) {
    return RejectCode.spendLimitExceeded;
  }
  if (balanceOf(account, asset) < stake) return RejectCode.insufficientBalance;
  post(block.state, asset, { accounts: -stake, inPlay: stake });
  changeBalance(execution, account, { asset, delta: -stake, reason: 'STAKE' });
  return null;
}

/**
 * Settles a stake in play: the payout, its own stake included, goes to the player; the house's
 * bankroll takes or gives the difference. The caller has released the reserve.
 */
export function settleStake(
  execution: Execution,
  asset: number,
  settled: { readonly stake: bigint; readonly payout: bigint },
): void {
  const { stake, payout } = settled;
  post(execution.block.state, asset, {
    inPlay: -stake,
    accounts: payout,
    bankroll: stake - payout,
  });
  if (payout === 0n) return;
  changeBalance(execution, execution.account, {
    asset,
    delta: payout,
    reason: 'PAYOUT',
  });
}
