import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type { ExpiredMessage } from '../../schemas/gateway/protocol.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { GATEWAY_LOOK_BACK_MS, GATEWAY_OUTCOMES_KEPT } from '../../schemas/limits.js';
import type { Command, EnvelopeHead } from '../../schemas/types/command.js';
import type { VerifiedHeight } from './executedHeight.js';
import { type Outcome, receiptOutcome, supersededOutcome } from './outcomes.js';
import {
  createReceiptMemory,
  type KnownReceipt,
  type Place,
  placeKey,
  type ReceiptMemory,
} from './receiptMemory.js';

/** A command that is followed to its end. */
export interface OpenCommand extends Place {
  readonly id: string;
  /** Its `placeKey`. */
  readonly place: string;
  readonly expiresAtMs: number;
  readonly openedAtMs: number;
  /** Envelopes that hold it: a signer may sign the same commands in more than one way. */
  readonly envelopes: Set<string>;
  /** Validators that hold it on disk. */
  readonly heldBy: Set<number>;
  accepted: boolean;
  /** When it is looked for next among older receipts, and how long after that again. */
  lookBackAtMs: number;
  lookBackPauseMs: number;
}

/** What changed, for the sessions that wait. */
export type TrackerNotice =
  | { readonly kind: 'accepted'; readonly commandId: string }
  | { readonly kind: 'pending'; readonly commandId: string; readonly code: number }
  | {
      readonly kind: 'ended';
      readonly commandId: string;
      readonly outcome: Outcome;
      /** Since it was opened here. */
      readonly openedAtMs: number;
    };

/**
 * Follows every command from the first validator that was given its bytes to its end. Knows only
 * what validators' verdicts and verified heights say; clocks and sockets are its caller's.
 */
export interface CommandTracker {
  /** The outcome of a command that ended not long ago. */
  ended(commandId: string): Outcome | null;
  command(commandId: string): OpenCommand | null;
  /** Follows the commands that have not ended; ends at once those whose receipt is known. */
  open(envelope: OpenedEnvelope, nowMs: number): readonly TrackerNotice[];
  /** Envelopes with open commands, to be handed to a validator that has just come back. */
  openEnvelopes(): readonly Uint8Array[];
  openCommands(): Iterable<OpenCommand>;
  onVerdict(
    validator: number,
    envelopeHash: string,
    durable: boolean,
    verdicts: readonly { readonly commandId: Uint8Array; readonly code: number }[],
  ): readonly TrackerNotice[];
  onHeight(height: VerifiedHeight): readonly TrackerNotice[];
  /** Ends a command for good: its proof of expiry is in hand. */
  expire(outcome: ExpiredMessage): readonly TrackerNotice[];
  /** Lets go of a command whose end nobody in reach can prove. */
  abandon(commandId: string): void;
  readonly sizes: { readonly open: number; readonly ended: number; readonly envelopes: number };
}

interface OpenEnvelope {
  readonly opened: OpenedEnvelope;
  /** Of the commands that had not ended when it came. */
  readonly ids: readonly string[];
  /** Of all its commands. */
  readonly allIds: readonly string[];
}

interface TrackerState {
  readonly acceptAt: number;
  readonly commands: Map<string, OpenCommand>;
  /** Open commands by place. */
  readonly places: Map<string, Set<OpenCommand>>;
  readonly envelopes: Map<string, OpenEnvelope>;
  readonly outcomes: RecentMap<string, Outcome>;
  readonly receipts: ReceiptMemory;
}

/** `acceptAt` is f + 1: that many validators hold a command on disk when it counts as accepted. */
export function createCommandTracker(acceptAt: number): CommandTracker {
  const state: TrackerState = {
    acceptAt,
    commands: new Map(),
    places: new Map(),
    envelopes: new Map(),
    outcomes: new RecentMap(GATEWAY_OUTCOMES_KEPT),
    receipts: createReceiptMemory(),
  };
  const { commands, envelopes, outcomes } = state;
  return {
    ended: (commandId) => outcomes.get(commandId) ?? null,
    command: (commandId) => commands.get(commandId) ?? null,
    open: (envelope, nowMs) => open(state, envelope, nowMs),
    openEnvelopes: () => [...envelopes.values()].map(({ opened }) => opened.bytes),
    openCommands: () => commands.values(),
    onVerdict: (validator, envelopeHash, durable, verdicts) =>
      onVerdict(state, validator, envelopeHash, durable, verdicts),
    onHeight(height) {
      const notices: TrackerNotice[] = [];
      for (const receipt of state.receipts.add(height)) {
        for (const command of state.places.get(receipt.place) ?? []) {
          notices.push(...end(state, command.id, outcomeAt(command, receipt)));
        }
      }
      return notices;
    },
    expire: (outcome) => end(state, outcome.commandId, outcome),
    abandon: (commandId) => forget(state, commandId),
    get sizes() {
      return { open: commands.size, ended: outcomes.size, envelopes: envelopes.size };
    },
  };
}

function outcomeAt(command: OpenCommand, receipt: KnownReceipt): Outcome {
  const isOwn = receipt.commandId === command.id;
  return isOwn ? receiptOutcome(receipt) : supersededOutcome(command.id, receipt);
}

function open(state: TrackerState, envelope: OpenedEnvelope, nowMs: number): TrackerNotice[] {
  const { head } = envelope;
  const hash = toHex(envelope.hash);
  const notices: TrackerNotice[] = [];
  const ids: string[] = [];
  const allIds: string[] = [];
  for (const { id: idBytes, command } of envelope.commands) {
    const id = toHex(idBytes);
    allIds.push(id);
    if (state.outcomes.has(id)) continue;
    const opened = state.commands.get(id) ?? newCommand(id, head, command, nowMs);
    opened.envelopes.add(hash);
    ids.push(id);
    if (!state.commands.has(id)) follow(state, opened);
  }
  if (ids.length > 0) state.envelopes.set(hash, { opened: envelope, ids, allIds });
  for (const id of ids) {
    const command = state.commands.get(id);
    const receipt = command === undefined ? null : state.receipts.at(command.place);
    if (command === undefined || receipt === null) continue;
    notices.push(...end(state, id, outcomeAt(command, receipt)));
  }
  return notices;
}

function newCommand(
  id: string,
  { signer, expiresAtMs }: EnvelopeHead,
  { account, authorization, nonce }: Command,
  openedAtMs: number,
): OpenCommand {
  return {
    id,
    place: placeKey({ account, signer, authorization, nonce }),
    account,
    signer,
    authorization,
    nonce,
    expiresAtMs,
    openedAtMs,
    accepted: false,
    envelopes: new Set(),
    heldBy: new Set(),
    lookBackAtMs: openedAtMs + GATEWAY_LOOK_BACK_MS,
    lookBackPauseMs: GATEWAY_LOOK_BACK_MS,
  };
}

function follow(state: TrackerState, command: OpenCommand): void {
  const { place } = command;
  state.commands.set(command.id, command);
  const others = state.places.get(place);
  if (others === undefined) state.places.set(place, new Set([command]));
  else others.add(command);
}

/** Leaves no trace of an open command; its envelopes go with their last one. */
function forget(state: TrackerState, commandId: string): void {
  const command = state.commands.get(commandId);
  if (command === undefined) return;
  state.commands.delete(commandId);
  const { place } = command;
  const others = state.places.get(place);
  others?.delete(command);
  if (others?.size === 0) state.places.delete(place);
  for (const hash of command.envelopes) {
    const ids = state.envelopes.get(hash)?.ids ?? [];
    if (!ids.some((id) => state.commands.has(id))) state.envelopes.delete(hash);
  }
}

function end(state: TrackerState, commandId: string, outcome: Outcome): TrackerNotice[] {
  const command = state.commands.get(commandId);
  if (command === undefined) return [];
  forget(state, commandId);
  state.outcomes.set(commandId, outcome);
  return [{ kind: 'ended', commandId, outcome, openedAtMs: command.openedAtMs }];
}

/** A validator speaks for the commands of the envelope that it was given, and for no other. */
function onVerdict(
  state: TrackerState,
  validator: number,
  envelopeHash: string,
  durable: boolean,
  verdicts: readonly { readonly commandId: Uint8Array; readonly code: number }[],
): TrackerNotice[] {
  const notices: TrackerNotice[] = [];
  const envelope = state.envelopes.get(envelopeHash);
  if (envelope === undefined) return notices;
  for (const [index, { commandId, code }] of verdicts.entries()) {
    const command = state.commands.get(idOf(envelope, index, commandId));
    if (!command?.envelopes.has(envelopeHash)) continue;
    if (code !== 0) notices.push({ kind: 'pending', commandId: command.id, code });
    else if (durable) command.heldBy.add(validator);
    if (command.accepted || command.heldBy.size < state.acceptAt) continue;
    command.accepted = true;
    notices.push({ kind: 'accepted', commandId: command.id });
  }
  return notices;
}

/** Verdicts come in the order of the commands, as a rule: then their ids are known as hex. */
function idOf({ opened, allIds }: OpenEnvelope, index: number, commandId: Uint8Array): string {
  const expected = opened.commands[index];
  const isExpected = expected !== undefined && equalBytes(expected.id, commandId);
  return isExpected ? allIds[index]! : toHex(commandId);
}
