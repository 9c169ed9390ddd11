import { equalBytes } from '../../../schemas/kernel/bytes.js';
import { RejectCode } from '../../../schemas/rejectCode.js';
import type { Transfer } from '../../../schemas/types/command.js';
import { accountEntry, findAccount, findHouse } from '../engineState.js';
import type { Execution, Refusal } from '../execution.js';
import { balanceOf, changeBalance } from './balances.js';
import { createAccount } from './createAccount.js';

/** Moves an amount between accounts; both legs are on the accounts' side of the books. */
export function transfer(execution: Execution, instruction: Transfer): Refusal {
  const { account, block } = execution;
  const { to, asset, amount } = instruction;
  if (amount <= 0n) return RejectCode.badAmount;
  const house = findHouse(block.state, asset);
  if (house === null) return RejectCode.unknownAsset;
  if (equalBytes(to, account.publicKey)) return RejectCode.selfTransfer;
  if (balanceOf(account, asset) < amount) return RejectCode.insufficientBalance;
  if (findAccount(block.state, to) === null && amount < house.accountMin) {
    return RejectCode.belowAccountMin;
  }
  const receiver = accountEntry(block.state, to);
  changeBalance(execution, account, { asset, delta: -amount, reason: 'TRANSFER_OUT' });
  if (receiver.cell.value === null) createAccount(execution, receiver);
  changeBalance(execution, receiver, { asset, delta: amount, reason: 'TRANSFER_IN' });
  return null;
}
