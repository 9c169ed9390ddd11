import { RejectCode } from '../../../schemas/rejectCode.js';
import type { RevokeSession } from '../../../schemas/types/command.js';
import { type Execution, emit, type Refusal } from '../execution.js';
import { write } from '../state/changes.js';

/** Ends a lane now. It is remembered from its end, so the expiry moves to the block's time. */
export function revokeSession(execution: Execution, instruction: RevokeSession): Refusal {
  const { account, block, lane: actingLane } = execution;
  const { authorization } = instruction;
  if (actingLane !== null) return RejectCode.ownKeyRequired;
  const lane = account.lanes?.get(authorization);
  const value = lane?.cell.value ?? null;
  const open = value !== null && !value.revoked && value.expiresAtMs > block.timestampMs;
  if (lane === undefined || !open) return RejectCode.unknownAuthorization;
  const expiresAtMs = block.timestampMs;
  write(block.state.changes, lane.cell, { ...value, revoked: true, expiresAtMs });
  emit(execution, account, { kind: 'SessionRevoked', authorization });
  return null;
}
