import type { ServerMessage } from '../../schemas/gateway/protocol.js';
import { retryAdvice } from '../../schemas/gateway/retryAdvice.js';
import { GATEWAY_OUTBOX_BYTES_MAX } from '../../schemas/limits.js';
import { type RejectCode, rejectName } from '../../schemas/rejectCode.js';
import type { ClientSocket } from './ports.js';
import type { TokenBucket } from './tokenBucket.js';

/** One client connection and what the gateway knows of it. */
export interface Session {
  readonly id: string;
  readonly socket: ClientSocket;
  readonly challenge: Uint8Array;
  readonly openedAtMs: number;
  readonly channels: Set<'blocks' | 'account'>;
  /** Commands of this session that have not ended: id → the ref they came with. */
  readonly waiting: Map<string, string>;
  status: 'connecting' | 'authenticating' | 'live' | 'closed';
  /** From a proven key on. */
  account: Uint8Array | null;
  bucket: TokenBucket | null;
  /** Bytes received before the session was live. */
  unprovenBytes: number;
  lastHeardMs: number;
  lastPingedMs: number;
}

export function openSession(options: {
  readonly id: string;
  readonly socket: ClientSocket;
  readonly challenge: Uint8Array;
  readonly nowMs: number;
}): Session {
  const { nowMs, ...given } = options;
  return {
    ...given,
    openedAtMs: nowMs,
    lastHeardMs: nowMs,
    lastPingedMs: nowMs,
    channels: new Set(),
    waiting: new Map(),
    status: 'connecting',
    account: null,
    bucket: null,
    unprovenBytes: 0,
  };
}

/**
 * Sends without ever waiting. False when the client reads too slowly for its outbox: it has to be
 * closed, and can come back and ask again.
 */
export function sendTo(session: Session, message: ServerMessage | string): boolean {
  if (session.status === 'closed') return true;
  if (session.socket.bufferedBytes() > GATEWAY_OUTBOX_BYTES_MAX) return false;
  session.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return true;
}

export function errorMessage(
  code: RejectCode,
  extra: { readonly ref?: string; readonly detail?: string; readonly afterMs?: number } = {},
): ServerMessage {
  const name = rejectName(code) ?? 'unknown';
  return { type: 'error', code, name, retry: retryAdvice(code), ...extra };
}

/** The refusal of a whole message before any validator saw it. */
export function admissionRefusal(
  code: RejectCode,
  detail: string,
  ref?: string,
): ServerMessage & { readonly type: 'refused' } {
  const name = rejectName(code) ?? 'unknown';
  const base = { type: 'refused', commandId: null, stage: 'admission', code, name } as const;
  return { ...base, retry: retryAdvice(code), detail, ...(ref === undefined ? {} : { ref }) };
}
