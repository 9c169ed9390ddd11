import { assert, present } from '../../../schemas/kernel/assert.js';
import { type Execution, emit } from '../execution.js';
import type { AccountEntry } from '../state/accountEntry.js';
import { write } from '../state/changes.js';

/** A key becomes an account, empty, by a faucet claim of its own or another's transfer. */
export function createAccount(execution: Execution, entry: AccountEntry): void {
  assert(entry.cell.value === null, 'the account exists');
  write(execution.block.state.changes, entry.cell, {
    kind: 'AccountValue',
    balances: [],
    nextNonce: 0,
    nextAuthorization: 1,
    nextGame: 0,
    nextKeySequence: 0,
    faucetClaimedAtMs: 0,
  });
  const by = present(execution.commandId, 'command that makes an account');
  emit(execution, entry, { kind: 'AccountCreated', by });
}
