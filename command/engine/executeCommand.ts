import type { IdentifiedCommand } from '../../schemas/crypto/envelope.js';
import { present } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { Command } from '../../schemas/types/command.js';
import type { EventEnvelopeBody } from '../../schemas/types/event.js';
import { createAccount } from './account/createAccount.js';
import { type OpenLane, openLane } from './authorization/openLane.js';
import { rememberRequest, requestRefusal } from './authorization/request.js';
import { appendDrafts, type BlockEvents } from './blockEvents.js';
import { accountEntry, findAccount } from './engineState.js';
import type { Outcome } from './executedBlock.js';
import {
  type BlockContext,
  type Execution,
  newExecution,
  type RefusedWithFirst,
} from './execution.js';
import { type AccountEntry, accountToChange } from './state/accountEntry.js';
import { keep, rollBack, write } from './state/changes.js';

export interface Ended {
  readonly outcome: Outcome;
  readonly code: RejectCode | 0;
}

const EXECUTED: Ended = { outcome: 'executed', code: 0 };

function ignored(code: RejectCode): Ended {
  return { outcome: 'ignored', code };
}

/**
 * One command: ignored without a trace, or its nonce is consumed and it is refused (its writes are
 * rolled back, one event) or executed. A repeated command is one whose nonce is no longer the next.
 */
export function executeCommand(
  block: BlockContext,
  events: BlockEvents,
  signer: Uint8Array,
  identified: IdentifiedCommand,
  executionIndex: number,
): Ended {
  const { id: commandId, command } = identified;
  const { state, timestampMs } = block;
  const account = findAccount(state, command.account);
  if (account === null) {
    return executeFirstClaim(block, events, signer, identified, executionIndex);
  }
  const lane = openLane(account, signer, command.authorization, timestampMs);
  if (lane === null) return ignored(RejectCode.unauthorizedSigner);
  if (command.nonce < lane.nextNonce) return ignored(RejectCode.staleNonce);
  if (command.nonce > lane.nextNonce) return ignored(RejectCode.nonceGap);
  consumeNonce(block, account, lane);
  keep(state.changes);
  const session = lane.kind === 'own' ? null : lane.lane;
  const execution = newExecution(block, account, session, commandId, executionIndex);
  const refused = run(execution, command);
  if (refused !== null) {
    rollBack(state.changes);
    execution.drafts.length = 0;
  }
  appendReceipt(events, execution, signer, identified, refused);
  return refused === null ? EXECUTED : { outcome: 'refused', code: refused.code };
}

/**
 * The one command of a key that is no account: a faucet claim by itself, with its first nonce. A
 * refusal would have no nonce to consume, so anything that would be refused is ignored.
 */
function executeFirstClaim(
  block: BlockContext,
  events: BlockEvents,
  signer: Uint8Array,
  identified: IdentifiedCommand,
  executionIndex: number,
): Ended {
  const { id: commandId, command } = identified;
  const { instruction, authorization, nonce, request } = command;
  if (instruction.kind !== 'ClaimFaucet') return ignored(RejectCode.unknownAccount);
  const own = authorization === 0 && equalBytes(signer, command.account);
  if (!own) return ignored(RejectCode.unauthorizedSigner);
  if (nonce !== 0) return ignored(RejectCode.nonceGap);
  if (request !== null) return ignored(RejectCode.requestNotAllowed);
  const { changes } = block.state;
  keep(changes);
  const account = accountEntry(block.state, command.account);
  const execution = newExecution(block, account, null, commandId, executionIndex);
  createAccount(execution, account);
  consumeNonce(block, account, { kind: 'own', nextNonce: 0 });
  const code = block.rules.apply(execution, instruction);
  if (code !== null) {
    rollBack(changes);
    return ignored(code);
  }
  appendReceipt(events, execution, signer, identified, null);
  return EXECUTED;
}

function consumeNonce(block: BlockContext, account: AccountEntry, lane: OpenLane): void {
  const { changes } = block.state;
  const nextNonce = lane.nextNonce + 1;
  if (lane.kind === 'own') {
    accountToChange(changes, account).nextNonce = nextNonce;
    return;
  }
  const { cell } = lane.lane;
  const { expiresAtMs, revoked, spendLimits } = present(cell.value, 'lane');
  write(changes, cell, { kind: 'LaneValue', nextNonce, expiresAtMs, revoked, spendLimits });
}

/**
 * The events of a command: before all others what was asked, by whom, whether it took effect, and
 * how many events it made.
 */
function appendReceipt(
  events: BlockEvents,
  execution: Execution,
  signer: Uint8Array,
  { id: commandId, command }: IdentifiedCommand,
  refused: RefusedWithFirst | null,
): void {
  const { block, account: entry, executionIndex, drafts } = execution;
  const { authorization, nonce, request, instruction } = command;
  // Written out: a spread behind other fields costs more here than the encoding.
  const body: EventEnvelopeBody =
    refused === null
      ? {
          kind: 'CommandExecuted',
          commandId,
          signer,
          authorization,
          nonce,
          request,
          instruction,
          events: drafts.length + 1,
        }
      : {
          kind: 'CommandRefused',
          commandId,
          signer,
          authorization,
          nonce,
          request,
          instruction,
          code: refused.code,
          first: refused.first,
        };
  appendDrafts(events, block, executionIndex, [{ entry, body }, ...drafts]);
}

/** Refusals in the order of their numbers: the request's, then the engine's rules. */
function run(execution: Execution, command: Command): RefusedWithFirst | null {
  const { request, instruction } = command;
  const standing = requestRefusal(execution, request);
  if (standing !== null) return standing;
  if (request !== null && execution.lane === null) {
    return { code: RejectCode.requestNotAllowed, first: null };
  }
  const code = execution.block.rules.apply(execution, instruction);
  if (code !== null) return { code, first: null };
  if (request !== null) rememberRequest(execution, request);
  return null;
}
