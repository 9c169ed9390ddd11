import { assert, present } from '../../../schemas/kernel/assert.js';
import type { PostingReason } from '../../../schemas/types/event.js';
import type { Balance } from '../../../schemas/types/state.js';
import { type Execution, emit } from '../execution.js';
import { type AccountEntry, accountToChange } from '../state/accountEntry.js';

/** What the account holds of an asset; no entry is zero. */
export function balanceOf(entry: AccountEntry, asset: number): bigint {
  const balances = entry.cell.value?.balances ?? [];
  for (const balance of balances) if (balance.asset === asset) return balance.amount;
  return 0n;
}

/** Ascending by asset, none zero: one form for one holding. */
function withAmount(balances: readonly Balance[], asset: number, amount: bigint): Balance[] {
  let at = 0;
  while (at < balances.length && present(balances[at], 'balance').asset < asset) at++;
  const changed = balances.slice();
  const known = balances[at]?.asset === asset;
  if (amount === 0n) changed.splice(at, known ? 1 : 0);
  else if (known) changed[at] = { asset, amount };
  else changed.splice(at, 0, { asset, amount });
  return changed;
}

/** One leg on an account's side, with its event. Below zero is a bug: callers check before. */
export function changeBalance(
  execution: Execution,
  entry: AccountEntry,
  change: { readonly asset: number; readonly delta: bigint; readonly reason: PostingReason },
): void {
  const { asset, delta, reason } = change;
  const balance = balanceOf(entry, asset) + delta;
  assert(balance >= 0n, 'balance below zero');
  const account = accountToChange(execution.block.state.changes, entry);
  account.balances = withAmount(account.balances, asset, balance);
  const { commandId } = execution;
  emit(execution, entry, { kind: 'BalanceChanged', asset, delta, balance, reason, commandId });
}
