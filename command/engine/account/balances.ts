import { assert, present } from '../../../schemas/kernel/assert.js';
import type { PostingReason } from '../../../schemas/types/event.js';
import type { Balance } from '../../../schemas/types/state.js';
import { type Execution, emit } from '../execution.js';
import { type AccountEntry, copyAccount } from '../state/accountEntry.js';
import { write } from '../state/changes.js';

/** What the account holds of an asset; no entry is zero. */
export function balanceOf(entry: AccountEntry, asset: number): bigint {
  const balances = entry.cell.value?.balances ?? [];
  for (const balance of balances) if (balance.asset === asset) return balance.amount;
  return 0n;
}

/** Ascending by asset, none zero: one form for one holding. */
function withAmount(balances: readonly Balance[], asset: number, amount: bigint): Balance[] {
  const changed: Balance[] = [];
  let placed = amount === 0n;
  for (const balance of balances) {
    if (!placed && balance.asset >= asset) {
      changed.push({ asset, amount });
      placed = true;
    }
    if (balance.asset !== asset) changed.push(balance);
  }
  if (!placed) changed.push({ asset, amount });
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
  const value = copyAccount(present(entry.cell.value, 'account'));
  value.balances = withAmount(value.balances, asset, balance);
  write(execution.block.state.changes, entry.cell, value);
  const { commandId } = execution;
  emit(execution, entry, { kind: 'BalanceChanged', asset, delta, balance, reason, commandId });
}
