import { CloseCode, GATEWAY_PROTOCOL, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  GATEWAY_AUTHENTICATION_MS,
  GATEWAY_COMMANDS_PER_SECOND,
  GATEWAY_HEARTBEAT_MS,
  GATEWAY_MESSAGE_BYTES_MAX,
  GATEWAY_SESSIONS_MAX,
  GATEWAY_SESSIONS_PER_ACCOUNT_MAX,
  GATEWAY_SILENCE_MS_MAX,
  GATEWAY_TICK_MS,
} from '../../schemas/limits.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { createAccountSessions } from './accountSessions.js';
import { createCommandTracker } from './commandTracker.js';
import {
  closeSession,
  deliver,
  forgetSession,
  type GatewayOptions,
  type GatewayState,
} from './gatewayState.js';
import { onClientMessage } from './onClientMessage.js';
import { onValidatorMessage } from './onValidatorMessage.js';
import type { ClientSocket } from './ports.js';
import { resolveCommands } from './resolveCommands.js';
import { openSession, type Session } from './session.js';
import { createStateQueries } from './stateQueries.js';
import { validatorBits } from './validatorBits.js';

export interface ClientHandle {
  onFrame(text: string): void;
  /** The transport has had a sign of life that is no message. */
  onAlive(): void;
  /** `code` is the WebSocket close code. */
  onClosed(code: number): void;
}

/** A stateless gateway: any replica can serve any client at any time (DESIGN section 8). */
export interface Gateway {
  readonly state: GatewayState;
  connect(socket: ClientSocket): ClientHandle;
  onValidatorOpen(validator: number): void;
  onValidatorMessage(validator: number, body: PeerMessageBody): void;
  /** From now on health answers say so and new sessions are refused; those open are served. */
  drain(): void;
  /** Says goaway to everybody; the caller closes what is left at the deadline. */
  sayGoAway(deadlineMs: number): void;
  close(): void;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { links, clock } = options;
  const state = initialState(options);
  let cancelTick = clock.after(GATEWAY_TICK_MS, tick);
  function tick(): void {
    lookAfterSessions(state);
    resolveCommands(state);
    measure(state);
    cancelTick = clock.after(GATEWAY_TICK_MS, tick);
  }
  return {
    state,
    connect: (socket) => connect(state, socket),
    onValidatorOpen(validator) {
      links.send(validator, { kind: 'SubscribeResults', fromHeight: state.height + 1 });
      const handedTo = validatorBits(links.connected());
      for (const envelope of state.tracker.openEnvelopes()) {
        links.send(validator, { kind: 'SubmitEnvelope', envelope, handedTo });
      }
    },
    onValidatorMessage: (validator, body) => onValidatorMessage(state, validator, body),
    drain() {
      state.draining = true;
      options.telemetry.gauge('gateway_draining', 1);
    },
    sayGoAway(deadlineMs) {
      for (const session of [...state.sessions.values()]) {
        deliver(state, session, { type: 'goaway', deadlineMs });
      }
    },
    close() {
      cancelTick();
      for (const session of [...state.sessions.values()]) {
        closeSession(state, session, CloseCode.draining, 'draining');
      }
    },
  };
}

function initialState(options: GatewayOptions): GatewayState {
  const { keys, links, clock, verifier } = options;
  const faults = Math.floor((keys.validators.length - 1) / 3);
  return {
    options,
    tracker: createCommandTracker(faults + 1),
    queries: createStateQueries({ keys, verifier, links, clock }),
    accounts: createAccountSessions(
      options.sessionsPerAccountMax ?? GATEWAY_SESSIONS_PER_ACCOUNT_MAX,
    ),
    sessions: new Map(),
    waiting: new Map(),
    expiring: new Set(),
    newest: null,
    height: 0,
    blockTimeMs: options.genesis.createdAtMs,
    gapSinceMs: null,
    gapAskedMs: 0,
    lookBacks: 0,
    receiptsAsked: 0,
    draining: false,
  };
}

function connect(state: GatewayState, socket: ClientSocket): ClientHandle {
  const { options } = state;
  const sessionsMax = options.sessionsMax ?? GATEWAY_SESSIONS_MAX;
  if (state.draining || state.sessions.size >= sessionsMax) {
    const code = state.draining ? CloseCode.draining : CloseCode.tooManyConnections;
    const result = state.draining ? 'draining' : 'sessions';
    options.telemetry.count('gateway_connects_total', { result });
    socket.close(code, state.draining ? 'draining' : 'too many sessions');
    return { onFrame: () => undefined, onAlive: () => undefined, onClosed: () => undefined };
  }
  options.telemetry.count('gateway_connects_total', { result: 'ok' });
  const id = toHex(options.random(8));
  const challenge = options.random(32);
  const session = openSession({ id, socket, challenge, nowMs: options.clock.nowMs() });
  state.sessions.set(id, session);
  deliver(state, session, helloMessage(state, challenge));
  return {
    onFrame: (text) => {
      if (session.status !== 'closed') onClientMessage(state, session, text);
    },
    onAlive: () => {
      session.lastHeardMs = options.clock.nowMs();
    },
    onClosed: (code) => forgetSession(state, session, code),
  };
}

function helloMessage(state: GatewayState, challenge: Uint8Array): ServerMessage {
  const { keys, name, clock, genesis } = state.options;
  return {
    type: 'hello',
    protocol: GATEWAY_PROTOCOL,
    chainId: toHex(keys.chainId),
    shard: keys.shard,
    gateway: name,
    challenge: toHex(challenge),
    serverTimeMs: clock.nowMs(),
    blockTimeMs: state.blockTimeMs,
    height: state.height,
    heartbeatMs: GATEWAY_HEARTBEAT_MS,
    limits: {
      maxMessageBytes: GATEWAY_MESSAGE_BYTES_MAX,
      maxCommandLifetimeMs: genesis.limits.maxCommandLifetimeMs,
      commandsPerSecond: GATEWAY_COMMANDS_PER_SECOND,
    },
  };
}

/** Closes who has not authenticated in time and who is gone; asks the quiet whether they live. */
function lookAfterSessions(state: GatewayState): void {
  const nowMs = state.options.clock.nowMs();
  for (const session of [...state.sessions.values()]) {
    const quietMs = nowMs - session.lastHeardMs;
    if (isLate(session, nowMs)) {
      closeSession(state, session, CloseCode.authenticationTimeout, 'not authenticated in time');
    } else if (quietMs > GATEWAY_SILENCE_MS_MAX) {
      state.options.telemetry.count('gateway_evictions_total', { reason: 'silent' });
      closeSession(state, session, CloseCode.noHeartbeat, 'no heartbeat');
    } else if (Math.min(quietMs, nowMs - session.lastPingedMs) >= GATEWAY_HEARTBEAT_MS) {
      session.lastPingedMs = nowMs;
      session.socket.ping();
    }
  }
}

function isLate(session: Session, nowMs: number): boolean {
  return session.status !== 'live' && nowMs - session.openedAtMs > GATEWAY_AUTHENTICATION_MS;
}

function measure({ sessions, tracker, options, draining }: GatewayState): void {
  const { telemetry } = options;
  let live = 0;
  let outboxBytes = 0;
  for (const session of sessions.values()) {
    if (session.status === 'live') live++;
    outboxBytes += session.socket.bufferedBytes();
  }
  telemetry.gauge('gateway_connections', live, { state: 'live' });
  telemetry.gauge('gateway_connections', sessions.size - live, { state: 'unproven' });
  telemetry.gauge('gateway_outbox_bytes', outboxBytes);
  telemetry.gauge('gateway_open_commands', tracker.sizes.open);
  telemetry.gauge('gateway_draining', draining ? 1 : 0);
}
