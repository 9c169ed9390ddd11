import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { CloseCode, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { CommandTracker, TrackerNotice } from './commandTracker.js';
import type { GatewayClock, GatewayTelemetry, ValidatorLinks } from './ports.js';
import { type Session, sendTo } from './session.js';
import type { StateQueries } from './stateQueries.js';

export interface GatewayOptions {
  readonly name: string;
  readonly keys: EpochKeys;
  readonly genesis: Genesis;
  readonly verifier: SignatureVerifier;
  readonly links: ValidatorLinks;
  readonly clock: GatewayClock;
  readonly telemetry: GatewayTelemetry;
  readonly random: (bytes: number) => Uint8Array;
  readonly sessionsMax?: number;
}

/** Everything the handlers of a gateway share. Sessions and commands are lost with the process. */
export interface GatewayState {
  readonly options: GatewayOptions;
  readonly tracker: CommandTracker;
  readonly queries: StateQueries;
  readonly sessions: Map<string, Session>;
  /** Sessions that wait for a command. */
  readonly waiting: Map<string, Set<Session>>;
  /** Commands whose proof of expiry is being fetched. */
  readonly expiring: Set<string>;
  height: number;
  blockTimeMs: number;
  draining: boolean;
}

function noticeMessage(
  notice: Exclude<TrackerNotice, { readonly kind: 'ended' }>,
  ref: string,
): ServerMessage {
  const { commandId } = notice;
  if (notice.kind === 'accepted') return { type: 'accepted', ref, commandId };
  const name = rejectName(notice.code) ?? 'unknown';
  return { type: 'pending', ref, commandId, code: notice.code, name };
}

/** Tells the sessions that wait for a command what became of it. */
export function notify(state: GatewayState, notice: TrackerNotice): void {
  const sessions = state.waiting.get(notice.commandId);
  if (notice.kind === 'ended') {
    state.waiting.delete(notice.commandId);
    state.options.telemetry.count('gateway_outcomes_total', { outcome: notice.outcome.type });
  }
  if (sessions === undefined) return;
  if (notice.kind === 'ended') {
    const outcome = JSON.stringify(notice.outcome);
    for (const session of sessions) {
      session.waiting.delete(notice.commandId);
      deliver(state, session, outcome);
    }
    return;
  }
  for (const session of sessions) {
    deliver(state, session, noticeMessage(notice, session.waiting.get(notice.commandId) ?? ''));
  }
}

/** Sends, or closes a client that does not read. */
export function deliver(
  state: GatewayState,
  session: Session,
  message: ServerMessage | string,
): void {
  if (sendTo(session, message)) return;
  state.options.telemetry.count('gateway_evictions_total');
  closeSession(state, session, CloseCode.slowConsumer, 'slow consumer');
}

export function closeSession(
  state: GatewayState,
  session: Session,
  code: number,
  reason: string,
): void {
  if (session.status === 'closed') return;
  forgetSession(state, session);
  session.socket.close(code, reason);
}

export function forgetSession(state: GatewayState, session: Session): void {
  session.status = 'closed';
  state.sessions.delete(session.id);
  for (const commandId of session.waiting.keys()) {
    const sessions = state.waiting.get(commandId);
    sessions?.delete(session);
    if (sessions?.size === 0) state.waiting.delete(commandId);
  }
  session.waiting.clear();
}
