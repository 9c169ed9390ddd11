import { present } from '../../../schemas/kernel/assert.js';
import { equalBytes } from '../../../schemas/kernel/bytes.js';
import { MAX_ACCOUNT_AUTHORIZATIONS, MAX_SPEND_LIMITS } from '../../../schemas/limits.js';
import { RejectCode } from '../../../schemas/rejectCode.js';
import type { AuthorizeSession } from '../../../schemas/types/command.js';
import { findHouse } from '../engineState.js';
import { type Execution, emit, type Refusal } from '../execution.js';
import { type AccountEntry, accountToChange, laneEntry } from '../state/accountEntry.js';
import { write } from '../state/changes.js';

/** Gives a key a lane of its own under the account's next authorization number. */
export function authorizeSession(execution: Execution, instruction: AuthorizeSession): Refusal {
  const { account, block } = execution;
  const refusal = refusalOf(execution, instruction);
  if (refusal !== null) return refusal;
  const { sessionKey, expiresAtMs, spendLimits } = instruction;
  const authorization = accountToChange(block.state.changes, account).nextAuthorization++;
  const { cell } = laneEntry(account, sessionKey, authorization);
  write(block.state.changes, cell, {
    kind: 'LaneValue',
    nextNonce: 0,
    expiresAtMs,
    revoked: false,
    spendLimits,
  });
  emit(execution, account, {
    kind: 'SessionAuthorized',
    authorization,
    sessionKey,
    expiresAtMs,
    spendLimits,
  });
  return null;
}

function refusalOf(execution: Execution, instruction: AuthorizeSession): Refusal {
  const { account, block, lane } = execution;
  const { sessionKey, expiresAtMs, spendLimits } = instruction;
  if (lane !== null) return RejectCode.ownKeyRequired;
  if (spendLimits.some(({ amount }) => amount <= 0n)) return RejectCode.badAmount;
  if (spendLimits.some(({ asset }) => findHouse(block.state, asset) === null)) {
    return RejectCode.unknownAsset;
  }
  const wellFormed =
    !equalBytes(sessionKey, account.publicKey) &&
    expiresAtMs > block.timestampMs &&
    spendLimits.length <= MAX_SPEND_LIMITS &&
    spendLimits.every(
      ({ asset }, i) => i === 0 || present(spendLimits[i - 1], 'limit').asset < asset,
    );
  if (!wellFormed) return RejectCode.badAuthorization;
  const full = lanesInState(account) >= MAX_ACCOUNT_AUTHORIZATIONS;
  return full ? RejectCode.tooManyAuthorizations : null;
}

/** Open lanes and those that are remembered after their end. */
function lanesInState(account: AccountEntry): number {
  let count = 0;
  for (const lane of account.lanes?.values() ?? []) if (lane.cell.value !== null) count++;
  return count;
}
