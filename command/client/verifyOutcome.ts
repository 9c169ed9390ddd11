import { decode } from '../../schemas/codec/codec.js';
import { stateKeyHash, stateValueHash } from '../../schemas/crypto/digests.js';
import { verifyStateProof } from '../../schemas/crypto/stateProof.js';
import type {
  ExecutedMessage,
  ExpiredMessage,
  RefusedMessage,
} from '../../schemas/gateway/protocol.js';
import { parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { type Lane, laneStateKey, nextNonceOf } from '../../schemas/lane.js';
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
  | { readonly kind: 'expired'; readonly commandId: string; readonly height: number };

function openEvents(
  message: ExecutedMessage | RefusedMessage,
  trust: Trust,
): { readonly certificate: ResultCertificate; readonly events: readonly EventEnvelope[] } | null {
  const certificate = openCertificate(message.certificate ?? '', trust);
  if (certificate === null) return null;
  const events: EventEnvelope[] = [];
  for (const proven of message.events ?? []) {
    const event = openProvenEvent(proven, certificate, trust);
    if (event === null || event.executionIndex !== message.executionIndex) return null;
    events.push(event);
  }
  return certificate.result.height === message.height ? { certificate, events } : null;
}

/** Null when the gateway's words are not what a quorum certified. */
export function verifyExecuted(message: ExecutedMessage, trust: Trust): VerifiedOutcome | null {
  const opened = openEvents(message, trust);
  if (opened === null) return null;
  const { events, certificate } = opened;
  const receipt = events.find(({ body }) => body.kind === 'CommandExecuted')?.body;
  if (receipt?.kind !== 'CommandExecuted') return null;
  if (toHex(receipt.commandId) !== message.commandId) return null;
  const timestampMs = events[0]?.timestampMs ?? 0;
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
  const opened = openEvents(message, trust);
  const receipt = opened?.events.find(({ body }) => body.kind === 'CommandRefused')?.body;
  if (opened == null || receipt?.kind !== 'CommandRefused') return null;
  const commandId = toHex(receipt.commandId);
  if (commandId !== message.commandId || receipt.code !== message.code) return null;
  const { height } = opened.certificate.result;
  return { kind: 'refused', commandId, stage, code: message.code, name, detail, height };
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

/**
 * That a command can never execute any more. Block time of the certified height is the gateway's
 * word here (a block header proves it); the state is proven. Null when it is not shown.
 */
export function verifyExpired(
  message: ExpiredMessage,
  command: Lane & { readonly nonce: number; readonly expiresAtMs: number },
  trust: Trust,
): VerifiedOutcome | null {
  const { laneProof, laneValue, certificate, commandId, height } = message;
  if (laneProof === null || message.blockTimeMs < command.expiresAtMs) return null;
  const key = laneStateKey(command);
  const opened = openState({ key, value: laneValue, proof: laneProof, certificate }, trust);
  if (opened === undefined || opened.certificate.result.height !== height) return null;
  if (nextNonceOf(opened.value) > command.nonce && message.supersededBy === null) return null;
  return { kind: 'expired', commandId, height };
}
