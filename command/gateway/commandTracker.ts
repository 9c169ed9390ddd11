import { encode } from '../../schemas/codec/codec.js';
import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type {
  ExecutedMessage,
  ExpiredMessage,
  RefusedMessage,
} from '../../schemas/gateway/protocol.js';
import { retryAdvice } from '../../schemas/gateway/retryAdvice.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_RECEIPTS_MAX } from '../../schemas/limits.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { CommandExecuted, CommandRefused } from '../../schemas/types/event.js';
import type { LocatedEvent, VerifiedHeight } from './executedHeight.js';

/** How a command ended, exactly one of these. */
export type Outcome = ExecutedMessage | RefusedMessage | ExpiredMessage;

/** A command that was handed to validators and has not ended. */
export interface OpenCommand {
  readonly id: string;
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
  readonly nonce: number;
  readonly expiresAtMs: number;
  readonly envelopeHash: string;
  accepted: boolean;
}

/** What changed, for the sessions that wait. */
export type TrackerNotice =
  | { readonly kind: 'accepted'; readonly commandId: string }
  | { readonly kind: 'pending'; readonly commandId: string; readonly code: number }
  | { readonly kind: 'ended'; readonly commandId: string; readonly outcome: Outcome };

interface OpenEnvelope {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly commandIds: readonly string[];
  readonly durableAt: Set<number>;
}

/** `account/signer/authorization/nonce`: at most one command ever executes there. */
function slot(receipt: {
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
  readonly nonce: number;
}): string {
  const { account, signer, authorization, nonce } = receipt;
  return `${toHex(account)}/${toHex(signer)}/${authorization}/${nonce}`;
}

/**
 * Follows every command from the first validator that was given its bytes to its end. Knows only
 * what validators' verdicts and verified heights say; clocks and sockets are its caller's.
 */
export interface CommandTracker {
  /** The outcome of a command that ended not long ago. */
  ended(commandId: string): Outcome | null;
  isOpen(commandId: string): boolean;
  open(envelope: OpenedEnvelope): void;
  /** Envelopes with open commands, to be handed to a validator that has just come back. */
  openEnvelopes(): readonly Uint8Array[];
  onVerdict(
    validator: number,
    envelopeHash: string,
    durable: boolean,
    verdicts: readonly { readonly commandId: Uint8Array; readonly code: number }[],
  ): readonly TrackerNotice[];
  onHeight(height: VerifiedHeight): readonly TrackerNotice[];
  /** Commands whose time has passed at a certified block time and that have not ended. */
  overdue(blockTimeMs: number): readonly OpenCommand[];
  /** Ends a command for good: its proof of expiry is in hand. */
  expire(outcome: ExpiredMessage): readonly TrackerNotice[];
  /** The command whose receipt stands at the place of `command`, if seen. */
  supersededBy(command: OpenCommand): string | null;
  readonly sizes: { readonly open: number; readonly ended: number };
}

/** `acceptAt` is f + 1: that many validators hold an envelope on disk when it counts as accepted. */
export function createCommandTracker(acceptAt: number): CommandTracker {
  const commands = new Map<string, OpenCommand>();
  const envelopes = new Map<string, OpenEnvelope>();
  const outcomes = new Map<string, Outcome>();
  const slots = new Map<string, string>();

  const remember = <V>(map: Map<string, V>, key: string, value: V): void => {
    map.set(key, value);
    if (map.size <= GATEWAY_RECEIPTS_MAX) return;
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  };

  const end = (commandId: string, outcome: Outcome): TrackerNotice[] => {
    const command = commands.get(commandId);
    if (command === undefined) return [];
    commands.delete(commandId);
    remember(outcomes, commandId, outcome);
    const envelope = envelopes.get(command.envelopeHash);
    if (envelope?.commandIds.every((id) => !commands.has(id))) envelopes.delete(envelope.hash);
    return [{ kind: 'ended', commandId, outcome }];
  };

  return {
    ended: (commandId) => outcomes.get(commandId) ?? null,
    isOpen: (commandId) => commands.has(commandId),
    open({ bytes, hash, head, commands: opened }) {
      const envelopeHash = toHex(hash);
      if (envelopes.has(envelopeHash)) return;
      const commandIds = opened.map(({ id }) => toHex(id));
      envelopes.set(envelopeHash, { hash: envelopeHash, bytes, commandIds, durableAt: new Set() });
      for (const { id, command } of opened) {
        const { account, authorization, nonce } = command;
        const { signer, expiresAtMs } = head;
        const key = toHex(id);
        if (commands.has(key)) continue;
        const lane = { account, signer, authorization, nonce };
        commands.set(key, { id: key, ...lane, expiresAtMs, envelopeHash, accepted: false });
      }
    },
    openEnvelopes: () => [...envelopes.values()].map(({ bytes }) => bytes),
    onVerdict(validator, envelopeHash, durable, verdicts) {
      const envelope = envelopes.get(envelopeHash);
      if (envelope === undefined) return [];
      const notices: TrackerNotice[] = [];
      if (durable) envelope.durableAt.add(validator);
      const isAccepted = envelope.durableAt.size >= acceptAt;
      for (const { commandId, code } of verdicts) {
        const command = commands.get(toHex(commandId));
        if (command === undefined) continue;
        if (code !== 0) notices.push({ kind: 'pending', commandId: command.id, code });
        else if (isAccepted && !command.accepted) {
          command.accepted = true;
          notices.push({ kind: 'accepted', commandId: command.id });
        }
      }
      return notices;
    },
    onHeight(height) {
      const notices: TrackerNotice[] = [];
      for (const located of height.events) {
        const { body } = located.event;
        if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') continue;
        const commandId = toHex(body.commandId);
        remember(slots, slot({ account: located.event.key, ...body }), commandId);
        if (commands.has(commandId)) {
          notices.push(...end(commandId, outcomeOf(height, located, body)));
        }
      }
      return notices;
    },
    overdue: (blockTimeMs) =>
      [...commands.values()].filter(({ expiresAtMs }) => blockTimeMs >= expiresAtMs),
    expire: (outcome) => end(outcome.commandId, outcome),
    supersededBy(command) {
      const winner = slots.get(slot(command)) ?? null;
      return winner === command.id ? null : winner;
    },
    get sizes() {
      return { open: commands.size, ended: outcomes.size };
    },
  };
}

function outcomeOf(
  height: VerifiedHeight,
  receipt: LocatedEvent,
  body:
    | ({ kind: 'CommandExecuted' } & CommandExecuted)
    | ({ kind: 'CommandRefused' } & CommandRefused),
): ExecutedMessage | RefusedMessage {
  const { executionIndex } = receipt.event;
  const located = height.eventsOf.get(executionIndex) ?? [receipt];
  const common = {
    commandId: toHex(body.commandId),
    height: height.height,
    executionIndex,
    events: located.map((event) => height.prove(event)),
    certificate: toHex(encode('ResultCertificate', height.certificate)),
  };
  if (body.kind === 'CommandExecuted') {
    return { type: 'executed', ...common, timestampMs: height.timestampMs };
  }
  const { code } = body;
  const name = rejectName(code) ?? 'unknown';
  return { type: 'refused', ...common, stage: 'block', code, name, retry: retryAdvice(code) };
}
