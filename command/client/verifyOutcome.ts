import { decode } from '../../schemas/codec/codec.js';
import { blockDigest, stateKeyHash, stateValueHash } from '../../schemas/crypto/digests.js';
import { verifyStateProof } from '../../schemas/crypto/stateProof.js';
import type {
  ExecutedMessage,
  ExpiredMessage,
  ProvenEvent,
  RefusedMessage,
} from '../../schemas/gateway/protocol.js';
import { equalBytes, parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { type Lane, laneStateKey, nextNonceOf, showsUnused } from '../../schemas/lane.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { EventEnvelope } from '../../schemas/types/event.js';
import type { StateKey, StateValue } from '../../schemas/types/state.js';
import { openCertificate, openProvenEvent, type Trust } from './verifyEvents.js';

/** How a command ended, checked against the validators' keys. */
export type VerifiedOutcome =
  | {
      readonly kind: 'executed';
      readonly commandId: string;
      readonly height: number;
      readonly executionIndex: number;
      readonly timestampMs: number;
      readonly events: readonly EventEnvelope[];
      readonly certificate: ResultCertificate;
    }
  | {
      readonly kind: 'refused';
      readonly commandId: string;
      readonly stage: 'admission' | 'block';
      readonly code: number;
      readonly name: string;
      readonly detail: string;
      readonly height: number | null;
    }
  | {
      readonly kind: 'expired';
      readonly commandId: string;
      readonly height: number;
      /** The lane's next nonce is at least this. */
      readonly nextNonce: number;
      /** The command whose receipt stands at the nonce, if that is the proof. */
      readonly supersededBy: string | null;
      /** The last reason for not taking it that a gateway has told; its word. */
      readonly pending: PendingReason | null;
    };

/** A refusal that may pass. */
export interface PendingReason {
  readonly code: number;
  readonly name: string;
}

/** What a gateway or a reader gives as proof of how a command ended in a block. */
export interface ClaimedEnd {
  readonly commandId: string | null;
  readonly height?: number;
  readonly executionIndex?: number;
  readonly events?: readonly ProvenEvent[];
  readonly certificate?: string;
}

export interface OpenedEnd {
  readonly receipt: EventEnvelope['body'] & {
    readonly kind: 'CommandExecuted' | 'CommandRefused';
  };
  /** All that the command made, the receipt first. */
  readonly events: readonly [EventEnvelope, ...EventEnvelope[]];
  readonly certificate: ResultCertificate;
}

/** The receipt of a command with its events, none left out, if a quorum certified them. Total. */
export function openReceipt(claimed: ClaimedEnd, trust: Trust): OpenedEnd | null {
  const certificate = openCertificate(claimed.certificate ?? '', trust);
  if (certificate === null || certificate.result.height !== claimed.height) return null;
  const events: EventEnvelope[] = [];
  for (const proven of claimed.events ?? []) {
    const event = openProvenEvent(proven, certificate, trust);
    if (event === null || event.executionIndex !== claimed.executionIndex) return null;
    // Events of a command are numbered from 0, its receipt first: none is left out between.
    if (event.eventIndex !== events.length) return null;
    events.push(event);
  }
  const [first, ...others] = events;
  const receipt = first?.body;
  if (first === undefined || receipt === undefined) return null;
  if (receipt.kind !== 'CommandExecuted' && receipt.kind !== 'CommandRefused') return null;
  // The last ones are not left out either.
  const made = receipt.kind === 'CommandExecuted' ? receipt.events : 1;
  if (events.length !== made || toHex(receipt.commandId) !== claimed.commandId) return null;
  return { receipt, events: [first, ...others], certificate };
}

/** Null when the gateway's words are not what a quorum certified. */
export function verifyExecuted(message: ExecutedMessage, trust: Trust): VerifiedOutcome | null {
  const opened = openReceipt(message, trust);
  if (opened?.receipt.kind !== 'CommandExecuted') return null;
  const { events, certificate } = opened;
  const { timestampMs } = events[0];
  const { commandId, height, executionIndex } = message;
  const position = { commandId, height, executionIndex, timestampMs };
  return { kind: 'executed', ...position, events, certificate };
}

/** A refusal in a block is proven by its event; one by admission is the gateway's word. */
export function verifyRefused(message: RefusedMessage, trust: Trust): VerifiedOutcome | null {
  const { stage, name } = message;
  const detail = message.detail ?? '';
  if (stage === 'admission') {
    const commandId = message.commandId ?? '';
    return { kind: 'refused', commandId, stage, code: message.code, name, detail, height: null };
  }
  const opened = openReceipt(message, trust);
  if (opened?.receipt.kind !== 'CommandRefused') return null;
  const { commandId, code } = opened.receipt;
  if (code !== message.code) return null;
  const { height } = opened.certificate.result;
  return { kind: 'refused', commandId: toHex(commandId), stage, code, name, detail, height };
}

/** A leaf of the certified state, or with null its absence; undefined when unproven. Total. */
export function openState(
  options: {
    readonly key: StateKey['key'];
    readonly value: string | null;
    readonly proof: string;
    readonly certificate: string;
  },
  trust: Trust,
):
  | { readonly value: StateValue['value'] | null; readonly certificate: ResultCertificate }
  | undefined {
  const certificate = openCertificate(options.certificate, trust);
  const proofBytes = parseHex(options.proof);
  const valueBytes = options.value === null ? null : parseHex(options.value);
  if (certificate === null || proofBytes === null) return undefined;
  if (options.value !== null && valueBytes === null) return undefined;
  const proof = decode('StateProof', proofBytes);
  if (!proof.ok) return undefined;
  const proven = verifyStateProof({
    stateRoot: certificate.result.stateRoot,
    keyHash: stateKeyHash({ key: options.key }),
    valueHash: valueBytes === null ? null : stateValueHash(valueBytes),
    proof: proof.value,
  });
  if (!proven) return undefined;
  if (valueBytes === null) return { value: null, certificate };
  const value = decode('StateValue', valueBytes);
  return value.ok ? { value: value.value.value, certificate } : undefined;
}

/** The lane and the place in it of a command that may have expired. */
export type ExpiringCommand = Lane & {
  readonly commandId: string;
  readonly nonce: number;
  readonly expiresAtMs: number;
};

/** That a command can never execute any more; null when it is not shown. Total. */
export function verifyExpired(
  message: ExpiredMessage,
  command: ExpiringCommand,
  trust: Trust,
): VerifiedOutcome | null {
  if (message.commandId !== command.commandId) return null;
  return message.receipt === null
    ? verifyUnused(message, command, trust)
    : verifySuperseded(message, message.receipt, command, trust);
}

/** The block time has reached the expiry, and the lane has not passed the command's nonce. */
function verifyUnused(
  message: ExpiredMessage,
  command: ExpiringCommand,
  trust: Trust,
): VerifiedOutcome | null {
  const { laneProof, laneValue, certificate, commandId, height } = message;
  if (laneProof === null) return null;
  const key = laneStateKey(command);
  const opened = openState({ key, value: laneValue, proof: laneProof, certificate }, trust);
  if (opened === undefined || opened.certificate.result.height !== height) return null;
  const blockTimeMs = provenBlockTimeMs(message.header, opened.certificate);
  if (blockTimeMs === null || !showsUnused(command, opened.value, blockTimeMs)) return null;
  const nextNonce = nextNonceOf(opened.value);
  return { kind: 'expired', commandId, height, nextNonce, supersededBy: null, pending: null };
}

/** Block time of a certified height: the result signs the digest of the header that holds it. */
export function provenBlockTimeMs(
  header: string | null,
  certificate: ResultCertificate,
): number | null {
  const bytes = header === null ? null : parseHex(header);
  const decoded = bytes === null ? null : decode('BlockHeader', bytes);
  if (decoded === null || !decoded.ok) return null;
  const isOfResult = equalBytes(blockDigest(decoded.value), certificate.result.blockDigest);
  return isOfResult ? decoded.value.timestampMs : null;
}

/** Another command's receipt stands at the command's nonce of its lane. */
function verifySuperseded(
  message: ExpiredMessage,
  receipt: ProvenEvent,
  command: ExpiringCommand,
  trust: Trust,
): VerifiedOutcome | null {
  const certificate = openCertificate(message.certificate, trust);
  if (certificate === null || certificate.result.height !== message.height) return null;
  const event = openProvenEvent(receipt, certificate, trust);
  const body = event?.body;
  if (event === null || body === undefined) return null;
  if (body.kind !== 'CommandExecuted' && body.kind !== 'CommandRefused') return null;
  const { signer, authorization, nonce } = body;
  const isSamePlace =
    equalBytes(event.key, command.account) &&
    equalBytes(signer, command.signer) &&
    authorization === command.authorization &&
    nonce === command.nonce;
  const supersededBy = toHex(body.commandId);
  if (!isSamePlace || supersededBy === command.commandId) return null;
  const { commandId, height } = message;
  const nextNonce = nonce + 1;
  return { kind: 'expired', commandId, height, nextNonce, supersededBy, pending: null };
}
