import { CloseCode, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  GATEWAY_AUTHENTICATION_MS,
  GATEWAY_COMMANDS_PER_SECOND,
  GATEWAY_EXPIRIES_PER_TICK_MAX,
  GATEWAY_HEARTBEAT_MS,
  GATEWAY_MESSAGE_BYTES_MAX,
  GATEWAY_SESSIONS_MAX,
  GATEWAY_SILENCE_MS_MAX,
  GATEWAY_TICK_MS,
} from '../../schemas/limits.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { announceHeight } from './announceHeight.js';
import { createCommandTracker } from './commandTracker.js';
import { verifyExecutedHeight } from './executedHeight.js';
import { proveExpiry } from './expiry.js';
import {
  closeSession,
  deliver,
  forgetSession,
  type GatewayOptions,
  type GatewayState,
  notify,
} from './gatewayState.js';
import { onClientMessage } from './onClientMessage.js';
import type { ClientSocket } from './ports.js';
import { openSession } from './session.js';
import { createStateQueries } from './stateQueries.js';

export interface ClientHandle {
  onFrame(text: string): void;
  onClosed(): void;
}

/** A stateless gateway: any replica can serve any client at any time (DESIGN section 8). */
export interface Gateway {
  readonly state: GatewayState;
  connect(socket: ClientSocket): ClientHandle;
  onValidatorOpen(validator: number): void;
  onValidatorMessage(validator: number, body: PeerMessageBody): void;
  /** Says goaway to everybody; the caller closes what is left at the deadline. */
  drain(deadlineMs: number): void;
  close(): void;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { keys, links, clock, verifier } = options;
  const faults = Math.floor((keys.validators.length - 1) / 3);
  const state: GatewayState = {
    options,
    tracker: createCommandTracker(faults + 1),
    queries: createStateQueries({ keys, verifier, links, clock }),
    sessions: new Map(),
    waiting: new Map(),
    expiring: new Set(),
    height: 0,
    blockTimeMs: options.genesis.createdAtMs,
    draining: false,
  };
  let cancelTick = clock.after(GATEWAY_TICK_MS, tick);
  function tick(): void {
    closeSilent(state);
    expireOverdue(state);
    options.telemetry.gauge('gateway_sessions', state.sessions.size);
    options.telemetry.gauge('gateway_open_commands', state.tracker.sizes.open);
    cancelTick = clock.after(GATEWAY_TICK_MS, tick);
  }
  return {
    state,
    connect: (socket) => connect(state, socket),
    onValidatorOpen(validator) {
      links.send(validator, { kind: 'SubscribeResults', fromHeight: state.height + 1 });
      for (const envelope of state.tracker.openEnvelopes()) {
        links.send(validator, { kind: 'SubmitEnvelope', envelope });
      }
    },
    onValidatorMessage: (validator, body) => onValidatorMessage(state, validator, body),
    drain(deadlineMs) {
      state.draining = true;
      for (const session of state.sessions.values())
        deliver(state, session, { type: 'goaway', deadlineMs });
    },
    close() {
      cancelTick();
      for (const session of [...state.sessions.values()]) {
        closeSession(state, session, CloseCode.draining, 'draining');
      }
    },
  };
}

function connect(state: GatewayState, socket: ClientSocket): ClientHandle {
  const { options } = state;
  const sessionsMax = options.sessionsMax ?? GATEWAY_SESSIONS_MAX;
  const id = toHex(options.random(8));
  const challenge = options.random(32);
  const session = openSession({ id, socket, challenge, nowMs: options.clock.nowMs() });
  if (state.draining || state.sessions.size >= sessionsMax) {
    const code = state.draining ? CloseCode.draining : CloseCode.tooManyConnections;
    session.status = 'closed';
    socket.close(code, state.draining ? 'draining' : 'too many sessions');
    options.telemetry.count('gateway_refused_connections_total');
    return { onFrame: () => undefined, onClosed: () => undefined };
  }
  state.sessions.set(id, session);
  deliver(state, session, helloMessage(state, challenge));
  return {
    onFrame: (text) => {
      if (session.status !== 'closed') onClientMessage(state, session, text);
    },
    onClosed: () => forgetSession(state, session),
  };
}

function helloMessage(state: GatewayState, challenge: Uint8Array): ServerMessage {
  const { keys, name, clock, genesis } = state.options;
  return {
    type: 'hello',
    protocol: 1,
    chainId: toHex(keys.chainId),
    shard: keys.shard,
    gateway: name,
    challenge: toHex(challenge),
    serverTimeMs: clock.nowMs(),
    blockTimeMs: state.blockTimeMs,
    height: state.height,
    ...helloLimits(genesis.limits.maxCommandLifetimeMs),
  };
}

function helloLimits(maxCommandLifetimeMs: number) {
  const limits = {
    maxMessageBytes: GATEWAY_MESSAGE_BYTES_MAX,
    maxCommandLifetimeMs,
    commandsPerSecond: GATEWAY_COMMANDS_PER_SECOND,
  };
  return { heartbeatMs: GATEWAY_HEARTBEAT_MS, limits };
}

function onValidatorMessage(state: GatewayState, validator: number, body: PeerMessageBody): void {
  if (body.kind === 'EnvelopeVerdict') {
    const { hash, durable, verdicts } = body;
    const notices = state.tracker.onVerdict(validator, toHex(hash), durable, verdicts);
    for (const notice of notices) notify(state, notice);
  } else if (body.kind === 'StateAnswer') {
    state.queries.onAnswer(validator, body);
  } else if (body.kind === 'ExecutedHeight') {
    onExecutedHeight(state, validator, body);
  }
}

function onExecutedHeight(
  state: GatewayState,
  validator: number,
  body: PeerMessageBody & { readonly kind: 'ExecutedHeight' },
): void {
  const { keys, genesis, verifier, links, telemetry } = state.options;
  const { height } = body.certificate.result;
  if (height <= state.height) return;
  if (state.height !== 0 && height > state.height + 1) {
    links.send(validator, { kind: 'SubscribeResults', fromHeight: state.height + 1 });
    return;
  }
  const verified = verifyExecutedHeight(body, keys, genesis.eventPartitions, verifier);
  if (verified === null) {
    telemetry.count('gateway_bad_heights_total', { validator: String(validator) });
    return;
  }
  state.height = height;
  state.blockTimeMs = verified.timestampMs;
  telemetry.gauge('gateway_height', height);
  for (const notice of state.tracker.onHeight(verified)) notify(state, notice);
  announceHeight(state, verified);
}

function closeSilent(state: GatewayState): void {
  const nowMs = state.options.clock.nowMs();
  for (const session of [...state.sessions.values()]) {
    const unproven = session.status !== 'live';
    if (unproven && nowMs - session.openedAtMs > GATEWAY_AUTHENTICATION_MS) {
      closeSession(state, session, CloseCode.authenticationTimeout, 'not authenticated in time');
    } else if (nowMs - session.lastHeardMs > GATEWAY_SILENCE_MS_MAX) {
      closeSession(state, session, CloseCode.noHeartbeat, 'no heartbeat');
    }
  }
}

/** Ends commands whose time has passed, each with its proof; a few a tick. */
function expireOverdue(state: GatewayState): void {
  for (const command of state.tracker.overdue(state.blockTimeMs)) {
    if (state.expiring.size >= GATEWAY_EXPIRIES_PER_TICK_MAX) return;
    if (state.expiring.has(command.id)) continue;
    state.expiring.add(command.id);
    const done = (): boolean => state.expiring.delete(command.id);
    proveExpiry(state, command).then((outcome) => {
      done();
      if (outcome === null) return;
      for (const notice of state.tracker.expire(outcome)) notify(state, notice);
    });
  }
}
