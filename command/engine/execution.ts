import type { RejectCode } from '../../schemas/rejectCode.js';
import type { CommandInstruction } from '../../schemas/types/command.js';
import type { EventEnvelopeBody, FirstExecution } from '../../schemas/types/event.js';
import type { EngineState } from './engineState.js';
import type { BlockDraws, Draw } from './rng/draws.js';
import type { AccountEntry, LaneEntry } from './state/accountEntry.js';

/** What differs between versions of the engine. Whatever they share is called where it is used. */
export interface EngineRules {
  /** What the instruction of a command that may act does. Refuses nothing after a draw. */
  apply(execution: Execution, instruction: CommandInstruction): Refusal;
}

/** What the commands of one block share. */
export interface BlockContext {
  readonly state: EngineState;
  readonly rules: EngineRules;
  readonly height: number;
  readonly timestampMs: number;
  readonly draws: BlockDraws;
  /** Claims executed so far in this block. */
  faucetClaims: number;
}

/** An event that still lacks its place: it gets one when its command is done. */
export interface EventDraft {
  readonly entry: AccountEntry;
  readonly body: EventEnvelopeBody;
}

/** One command being executed. */
export interface Execution {
  readonly block: BlockContext;
  readonly account: AccountEntry;
  /** null: the account's own key acts. */
  readonly lane: LaneEntry | null;
  /** null: nobody's command, the block's own start. */
  readonly commandId: Uint8Array | null;
  readonly executionIndex: number;
  readonly drafts: EventDraft[];
}

/** Written out once: a spread of what is known before costs four microseconds a command. */
export function newExecution(
  block: BlockContext,
  account: AccountEntry,
  lane: LaneEntry | null,
  commandId: Uint8Array | null,
  executionIndex: number,
): Execution {
  return { block, account, lane, commandId, executionIndex, drafts: [] };
}

/** Why a command is refused; null when it took effect. */
export type Refusal = RejectCode | null;

/** The first execution of a repeated request, beside the code. */
export interface RefusedWithFirst {
  readonly code: RejectCode;
  readonly first: FirstExecution | null;
}

/** The command's stream of random numbers for one purpose. */
export function drawsOf(execution: Execution, purpose: string): Draw {
  const { block, executionIndex } = execution;
  return block.draws({ shard: block.state.shard, executionIndex, purpose });
}

export function emit(execution: Execution, entry: AccountEntry, body: EventEnvelopeBody): void {
  execution.drafts.push({ entry, body });
}
