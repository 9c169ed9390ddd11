import { toHex } from '../../../schemas/kernel/bytes.js';
import { RejectCode } from '../../../schemas/rejectCode.js';
import type { Request } from '../../../schemas/types/command.js';
import type { Execution, RefusedWithFirst } from '../execution.js';
import { requestCell } from '../state/accountEntry.js';
import { write } from '../state/changes.js';

/** Why a request stands in the way of its command; null when it does not. */
export function requestRefusal(
  execution: Execution,
  request: Request | null,
): RefusedWithFirst | null {
  if (request === null) return null;
  const { account, block } = execution;
  const { maxCommandLifetimeMs } = block.state.genesis.limits;
  const { id, untilMs } = request;
  if (untilMs <= block.timestampMs) return { code: RejectCode.requestExpired, first: null };
  if (untilMs > block.timestampMs + maxCommandLifetimeMs) {
    return { code: RejectCode.requestTooLate, first: null };
  }
  const seen = account.requests?.get(toHex(id))?.value ?? null;
  if (seen === null || seen.untilMs <= block.timestampMs) return null;
  const { height, executionIndex } = seen;
  return { code: RejectCode.repeatedRequest, first: { height, executionIndex } };
}

/** The request was executed: a second one is refused until its time is over. */
export function rememberRequest(execution: Execution, request: Request): void {
  const { account, block, executionIndex } = execution;
  write(block.state.changes, requestCell(account, request.id), {
    kind: 'RequestValue',
    height: block.height,
    executionIndex,
    untilMs: request.untilMs,
  });
}
