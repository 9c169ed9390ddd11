import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { CloseCode, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { AccountSessions } from './accountSessions.js';
import type { CommandTracker, TrackerNotice } from './commandTracker.js';
import type { VerifiedHeight } from './executedHeight.js';
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
  /** Of a height that players are told of. */
  readonly onCertificate?: (certificate: ResultCertificate) => void;
  readonly telemetry: GatewayTelemetry;
  readonly random: (bytes: number) => Uint8Array;
  readonly sessionsMax?: number;
  readonly sessionsPerAccountMax?: number;
}

/** Everything the handlers of a gateway share. Sessions and commands are lost with the process. */
export interface GatewayState {
  readonly options: GatewayOptions;
  readonly tracker: CommandTracker;
  readonly queries: StateQueries;
  readonly accounts: AccountSessions;
  readonly sessions: Map<string, Session>;
  /** Sessions that wait for a command. */
  readonly waiting: Map<string, Set<Session>>;
  /** Commands whose proof of expiry is being fetched. */
  readonly expiring: Set<string>;
  /** The newest verified height; null until the first. */
  newest: VerifiedHeight | null;
  /** Of the newest height; 0 and genesis' time before the first. */
  height: number;
  blockTimeMs: number;
  /** Since when heights that cannot follow the newest have been coming; null while none do. */
  gapSinceMs: number | null;
  /** When the heights between were asked for last. */
  gapAskedMs: number;
  /** Questions for older receipts so far: they go round the validators. */
  lookBacks: number;
  /** Questions for receipts that may still be answered; an answer is an older height. */
  receiptsAsked: number;
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
  if (notice.kind === 'ended') {
    countEnd(state, notice);
    const outcome = JSON.stringify(notice.outcome);
    for (const { session } of stopWaiting(state, notice.commandId)) {
      deliver(state, session, outcome);
    }
    return;
  }
  if (notice.kind === 'accepted') countAccepted(state, notice.commandId);
  for (const session of [...(state.waiting.get(notice.commandId) ?? [])]) {
    deliver(state, session, noticeMessage(notice, session.waiting.get(notice.commandId) ?? ''));
  }
}

function countAccepted({ tracker, options }: GatewayState, commandId: string): void {
  const openedAtMs = tracker.command(commandId)?.openedAtMs;
  if (openedAtMs === undefined) return;
  const { telemetry, clock } = options;
  telemetry.observe('gateway_command_ack_seconds', (clock.nowMs() - openedAtMs) / 1000);
}

function countEnd(
  { options }: GatewayState,
  { outcome, openedAtMs }: TrackerNotice & { readonly kind: 'ended' },
): void {
  const { telemetry, clock } = options;
  telemetry.count('gateway_commands_total', { result: outcome.type });
  if (outcome.type === 'expired') return;
  telemetry.observe('gateway_command_commit_seconds', (clock.nowMs() - openedAtMs) / 1000);
}

/** The session will be told how the command of its message `ref` ends. */
export function waitFor(
  state: GatewayState,
  session: Session,
  commandId: string,
  ref: string,
): void {
  session.waiting.set(commandId, ref);
  const sessions = state.waiting.get(commandId);
  if (sessions === undefined) state.waiting.set(commandId, new Set([session]));
  else sessions.add(session);
}

/** Nobody waits for the command any more; returns who did, each with its ref. */
export function stopWaiting(
  state: GatewayState,
  commandId: string,
): readonly { readonly session: Session; readonly ref: string }[] {
  const sessions = [...(state.waiting.get(commandId) ?? [])];
  state.waiting.delete(commandId);
  return sessions.map((session) => {
    const ref = session.waiting.get(commandId) ?? '';
    session.waiting.delete(commandId);
    return { session, ref };
  });
}

/** Sends, or closes a client that does not read. */
export function deliver(
  state: GatewayState,
  session: Session,
  message: ServerMessage | string,
): void {
  if (sendTo(session, message)) return;
  state.options.telemetry.count('gateway_evictions_total', { reason: 'slow' });
  closeSession(state, session, CloseCode.slowConsumer, 'slow consumer');
}

export function closeSession(
  state: GatewayState,
  session: Session,
  code: number,
  reason: string,
): void {
  if (session.status === 'closed') return;
  forgetSession(state, session, code);
  session.socket.close(code, reason);
}

/** `code` is the close code that ended it. */
export function forgetSession(state: GatewayState, session: Session, code: number): void {
  if (session.status === 'closed') return;
  state.options.telemetry.count('gateway_disconnects_total', { code: String(code) });
  session.status = 'closed';
  state.sessions.delete(session.id);
  if (session.bucket !== null && session.account !== null) state.accounts.leave(session.account);
  for (const commandId of session.waiting.keys()) {
    const sessions = state.waiting.get(commandId);
    sessions?.delete(session);
    if (sessions?.size === 0) state.waiting.delete(commandId);
  }
  session.waiting.clear();
}
