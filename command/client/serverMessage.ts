import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import { jsonBody } from './jsonBody.js';
import {
  type Fields,
  fields,
  hex,
  holds,
  isRecord,
  key,
  list,
  optional,
  orNull,
  provenEvent,
  text,
  whole,
} from './shapes.js';

const proof = { height: whole, certificate: hex };
const reason = { code: whole, name: text };

const MESSAGES: Readonly<Record<ServerMessage['type'], Fields>> = {
  hello: {
    ...{ protocol: whole, chainId: key, shard: whole, challenge: key, height: whole },
    ...{ blockTimeMs: whole, heartbeatMs: (value) => whole(value) && (value as number) >= 100 },
    limits: fields({ maxCommandLifetimeMs: whole }),
  },
  welcome: {
    ...{ nextNonce: whole, blockTimeMs: whole, ...proof },
    ...{ laneProof: hex, laneValue: orNull(hex), header: orNull(hex) },
  },
  accepted: { commandId: key },
  pending: { commandId: key, ...reason },
  executed: { commandId: key, executionIndex: whole, events: list(provenEvent), ...proof },
  refused: {
    ...{ commandId: orNull(key), ...reason, retry: text, detail: optional(text) },
    ...{ stage: (value) => value === 'admission' || value === 'block' },
    ...{ height: optional(whole), executionIndex: optional(whole) },
    ...{ events: optional(list(provenEvent)), certificate: optional(hex) },
  },
  expired: {
    ...{ commandId: key, ...proof, header: orNull(hex) },
    ...{ laneProof: orNull(hex), laneValue: orNull(hex) },
    ...{ supersededBy: orNull(key), receipt: orNull(provenEvent) },
  },
  error: { ...reason, retry: text, afterMs: optional(whole), ref: optional(text) },
  subscribed: { channel: text, height: whole },
  block: { height: whole, timestampMs: whole, digest: key, commands: whole },
  account: { height: whole, sequence: whole, events: list(hex) },
  pong: { at: whole, blockTimeMs: whole },
  goaway: { deadlineMs: whole },
};

export type ParsedServerMessage =
  | { readonly kind: 'message'; readonly message: ServerMessage }
  /** Of a newer gateway: to be left alone. */
  | { readonly kind: 'unknown' }
  /** No honest gateway sends it. */
  | { readonly kind: 'malformed' };

/** A gateway's frame. A gateway is a stranger: nothing of it is used before this. Total. */
export function parseServerMessage(frame: string): ParsedServerMessage {
  const message = jsonBody(frame);
  if (!isRecord(message)) return { kind: 'malformed' };
  const { type } = message;
  if (typeof type !== 'string') return { kind: 'malformed' };
  if (!Object.hasOwn(MESSAGES, type)) return { kind: 'unknown' };
  if (!holds(message, MESSAGES[type as ServerMessage['type']])) return { kind: 'malformed' };
  return { kind: 'message', message: message as unknown as ServerMessage };
}
