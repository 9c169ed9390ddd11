import { present } from '../../../schemas/kernel/assert.js';
import { RejectCode } from '../../../schemas/rejectCode.js';
import type { ClaimFaucet } from '../../../schemas/types/command.js';
import type { Execution, Refusal } from '../execution.js';
import { accountToChange } from '../state/accountEntry.js';
import { changeBalance } from './balances.js';
import { houseOf, post } from './house.js';

/**
 * The faucet gives one asset, a fixed amount, from a pool that can run dry; to one account at most
 * once an interval of block time, and to all accounts at most so often a block.
 */
export function claimFaucet(execution: Execution, instruction: ClaimFaucet): Refusal {
  const { account, block } = execution;
  const { state, timestampMs } = block;
  const { asset, claimAmount, intervalMs, claimsPerBlockMax } = state.genesis.faucet;
  if (instruction.asset !== asset) return RejectCode.unknownAsset;
  const { faucetClaimedAtMs } = present(account.cell.value, 'account');
  const tooSoon = faucetClaimedAtMs !== 0 && timestampMs < faucetClaimedAtMs + intervalMs;
  if (tooSoon) return RejectCode.faucetTooSoon;
  if (block.faucetClaims >= claimsPerBlockMax) return RejectCode.faucetBlockFull;
  if (houseOf(state, asset).faucet < claimAmount) return RejectCode.faucetEmpty;
  block.faucetClaims++;
  post(state, asset, { faucet: -claimAmount, accounts: claimAmount });
  changeBalance(execution, account, { asset, delta: claimAmount, reason: 'FAUCET' });
  accountToChange(state.changes, account).faucetClaimedAtMs = timestampMs;
  return null;
}
