import { type OpenedEnvelope, sealEnvelope } from '../../schemas/crypto/envelope.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import type {
  ErrorMessage,
  ExecutedMessage,
  ExpiredMessage,
  HelloMessage,
  RefusedMessage,
  ServerMessage,
} from '../../schemas/gateway/protocol.js';
import { sessionMessage } from '../../schemas/gateway/sessionMessage.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import {
  CLIENT_LIFETIME_MS_DEFAULT,
  CLIENT_OPEN_COMMANDS_MAX,
  CLIENT_RECONNECT_MS_MAX,
  CLIENT_RECONNECT_MS_MIN,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { Command, CommandInstruction } from '../../schemas/types/command.js';
import type { ClientConnection, ClientWorld } from './ports.js';
import type { Trust } from './verifyEvents.js';
import {
  type VerifiedOutcome,
  verifyExecuted,
  verifyExpired,
  verifyRefused,
} from './verifyOutcome.js';

export interface PlayerOptions {
  /** `ws://host:port/play` of any gateway. */
  readonly gatewayUrl: string;
  readonly world: ClientWorld;
  readonly trust: Trust;
  /** The account; its own key unless `session` says otherwise. */
  readonly account: Uint8Array;
  readonly signer: Signer;
  /** 0 with the account's own key, else the number its authorization got. */
  readonly authorization: number;
  onStatus?(status: PlayerStatus): void;
  onBlock?(height: number, timestampMs: number): void;
}

export type PlayerStatus = 'connecting' | 'live' | 'closed';

/** A submitted command: `accepted` once f + 1 validators hold it on disk, then `ended`. */
export interface Submission {
  readonly commandId: string;
  readonly accepted: Promise<void>;
  readonly ended: Promise<VerifiedOutcome>;
}

/**
 * One lane of one account on a gateway. Commands keep their bytes until they have ended: after a
 * lost connection the same bytes go to whichever gateway answers next, and count once.
 */
export interface Player {
  readonly status: PlayerStatus;
  /** Resolves when the session is live. */
  ready(): Promise<void>;
  /** Signs and sends the instructions in one envelope; nonces follow each other. */
  submit(instructions: readonly CommandInstruction[], lifetimeMs?: number): readonly Submission[];
  close(): void;
}

interface OpenSubmission {
  readonly id: string;
  readonly command: Command;
  readonly envelope: OpenedEnvelope;
  accept(): void;
  settle(outcome: VerifiedOutcome): void;
}

interface PlayerState {
  readonly options: PlayerOptions;
  readonly open: Map<string, OpenSubmission>;
  readonly readers: (() => void)[];
  connection: ClientConnection | null;
  status: PlayerStatus;
  nextNonce: number | null;
  attempts: number;
  blockTimeMs: number;
  nextRef: number;
  /** Of the open connection. */
  hello: HelloMessage | null;
  /** Which envelope a ref of this connection stands for. */
  readonly refs: Map<number, OpenedEnvelope>;
}

export function openPlayer(options: PlayerOptions): Player {
  const state: PlayerState = {
    options,
    open: new Map(),
    readers: [],
    connection: null,
    status: 'connecting',
    nextNonce: null,
    attempts: 0,
    blockTimeMs: 0,
    nextRef: 1,
    hello: null,
    refs: new Map(),
  };
  connect(state);
  return {
    get status() {
      return state.status;
    },
    ready: () =>
      state.status === 'live'
        ? Promise.resolve()
        : new Promise((resolve) => state.readers.push(resolve)),
    submit: (instructions, lifetimeMs) => submit(state, instructions, lifetimeMs),
    close: () => {
      setStatus(state, 'closed');
      state.connection?.close();
    },
  };
}

function setStatus(state: PlayerState, status: PlayerStatus): void {
  if (state.status === status || state.status === 'closed') return;
  state.status = status;
  state.options.onStatus?.(status);
}

function connect(state: PlayerState): void {
  const { world, gatewayUrl } = state.options;
  const connection = world.connect(gatewayUrl, {
    onOpen: () => undefined,
    onText: (text) => onServerMessage(state, JSON.parse(text) as ServerMessage),
    onClose: () => {
      if (state.connection !== connection || state.status === 'closed') return;
      state.connection = null;
      setStatus(state, 'connecting');
      world.after(reconnectPauseMs(state), () => {
        if (state.status !== 'closed') connect(state);
      });
    },
  });
  state.connection = connection;
}

/** Full jitter, growing: a thousand clients of a dead gateway do not come back as one. */
function reconnectPauseMs(state: PlayerState): number {
  const ceiling = Math.min(CLIENT_RECONNECT_MS_MAX, CLIENT_RECONNECT_MS_MIN * 2 ** state.attempts);
  state.attempts = Math.min(state.attempts + 1, 16);
  const [high = 0, low = 0] = state.options.world.random(2);
  return Math.floor((ceiling * (high * 256 + low)) / 65_536);
}

function send(state: PlayerState, message: object): void {
  state.connection?.send(JSON.stringify(message));
}

function onServerMessage(state: PlayerState, message: ServerMessage): void {
  switch (message.type) {
    case 'hello':
      return introduce(state, message);
    case 'welcome':
      return onWelcome(state, message.nextNonce, message.blockTimeMs);
    case 'accepted':
      return state.open.get(message.commandId)?.accept();
    case 'executed':
    case 'refused':
    case 'expired':
      return onOutcome(state, message);
    case 'block':
      state.blockTimeMs = Math.max(state.blockTimeMs, message.timestampMs);
      return state.options.onBlock?.(message.height, message.timestampMs);
    case 'goaway':
      // The gateway keeps the connection until its deadline; the next one is dialled at its close.
      return;
    case 'error':
      return onError(state, message);
    default:
      return;
  }
}

/** Not yet, or too fast: the same again, when it makes sense. */
function onError(state: PlayerState, message: ErrorMessage): void {
  const { hello, connection } = state;
  if (message.code === RejectCode.stateUnavailable && state.status === 'connecting') {
    // The chain has just begun, or the gateway's validators are away: ask again soon.
    state.options.world.after(CLIENT_RECONNECT_MS_MIN, () => {
      if (hello !== null && state.connection === connection) introduce(state, hello);
    });
    return;
  }
  const envelope = state.refs.get(Number(message.ref));
  if (envelope === undefined || message.afterMs === undefined) return;
  state.options.world.after(message.afterMs, () => {
    const isOpen = envelope.commands.some(({ id }) => state.open.has(toHex(id)));
    if (isOpen && state.status === 'live') sendEnvelope(state, envelope);
  });
}

function introduce(state: PlayerState, hello: HelloMessage): void {
  const { account, signer, authorization, trust } = state.options;
  if (hello.chainId !== toHex(trust.keys.chainId)) return state.connection?.close();
  state.hello = hello;
  state.blockTimeMs = hello.blockTimeMs;
  const message = sessionMessage({
    chainId: trust.keys.chainId,
    challenge: fromHex(hello.challenge),
    account,
    signer: signer.publicKey,
    authorization,
  });
  send(state, {
    type: 'auth',
    account: toHex(account),
    signer: toHex(signer.publicKey),
    authorization,
    signature: toHex(signer.sign(message)),
  });
}

function onWelcome(state: PlayerState, nextNonce: number, blockTimeMs: number): void {
  state.attempts = 0;
  state.refs.clear();
  state.blockTimeMs = Math.max(state.blockTimeMs, blockTimeMs);
  // Commands of ours that have not ended hold the nonces from the certified one on.
  const held = [...state.open.values()].map(({ command }) => command.nonce + 1);
  state.nextNonce = Math.max(nextNonce, state.nextNonce ?? 0, ...held);
  if (state.open.size === 0) state.nextNonce = nextNonce;
  setStatus(state, 'live');
  for (const reader of state.readers.splice(0)) reader();
  const envelopes = new Set([...state.open.values()].map(({ envelope }) => envelope));
  for (const envelope of envelopes) sendEnvelope(state, envelope);
  if (state.options.onBlock !== undefined) send(state, { type: 'subscribe', channel: 'blocks' });
}

function sendEnvelope(state: PlayerState, envelope: OpenedEnvelope): void {
  const ref = state.nextRef++;
  state.refs.set(ref, envelope);
  send(state, { type: 'submit', ref: String(ref), envelope: toHex(envelope.bytes) });
}

function submit(
  state: PlayerState,
  instructions: readonly CommandInstruction[],
  lifetimeMs = CLIENT_LIFETIME_MS_DEFAULT,
): readonly Submission[] {
  const { account, signer, authorization, trust, world } = state.options;
  if (state.nextNonce === null) throw new Error('the session is not live yet: await ready()');
  if (state.open.size + instructions.length > CLIENT_OPEN_COMMANDS_MAX) {
    throw new Error(`more than ${CLIENT_OPEN_COMMANDS_MAX} commands are open`);
  }
  const first = state.nextNonce;
  const commands = instructions.map(
    (instruction, index): Command => ({
      account,
      authorization,
      nonce: first + index,
      request: null,
      instruction,
    }),
  );
  state.nextNonce = first + commands.length;
  const { chainId, shard } = trust.keys;
  const expiresAtMs = Math.max(world.nowMs(), state.blockTimeMs) + lifetimeMs;
  const head = { chainId, shard, signer: signer.publicKey, expiresAtMs };
  const envelope = sealEnvelope(head, commands, signer);
  const submissions = envelope.commands.map(({ id, command }) => {
    return track(state, toHex(id), command, envelope);
  });
  sendEnvelope(state, envelope);
  return submissions;
}

function track(
  state: PlayerState,
  id: string,
  command: Command,
  envelope: OpenedEnvelope,
): Submission {
  let accept: () => void = () => undefined;
  let settle: (outcome: VerifiedOutcome) => void = () => undefined;
  const accepted = new Promise<void>((resolve) => {
    accept = resolve;
  });
  const ended = new Promise<VerifiedOutcome>((resolve) => {
    settle = resolve;
  });
  state.open.set(id, { id, command, envelope, accept, settle });
  return { commandId: id, accepted, ended };
}

function onOutcome(
  state: PlayerState,
  message: ExecutedMessage | RefusedMessage | ExpiredMessage,
): void {
  const { trust } = state.options;
  if (message.type === 'refused' && message.commandId === null)
    return onEnvelopeRefused(state, message);
  const submission = state.open.get(message.commandId ?? '');
  if (submission === undefined) return;
  const outcome =
    message.type === 'executed'
      ? verifyExecuted(message, trust)
      : message.type === 'refused'
        ? verifyRefused(message, trust)
        : verifyExpired(message, laneOf(state, submission), trust);
  // A gateway that cannot show what it says is left for another.
  if (outcome === null) return state.connection?.close();
  end(state, submission, outcome);
}

function laneOf(state: PlayerState, { command, envelope }: OpenSubmission) {
  const { account, authorization, nonce } = command;
  const { expiresAtMs } = envelope.head;
  return { account, authorization, nonce, expiresAtMs, signer: state.options.signer.publicKey };
}

function end(state: PlayerState, submission: OpenSubmission, outcome: VerifiedOutcome): void {
  state.open.delete(submission.id);
  if (state.open.size === 0) state.refs.clear();
  if (outcome.kind === 'executed' || (outcome.kind === 'refused' && outcome.stage === 'block')) {
    submission.accept();
  } else if (state.open.size === 0) {
    // The nonce was not used: the lane goes on from there.
    state.nextNonce = Math.min(state.nextNonce ?? 0, submission.command.nonce);
  }
  submission.settle(outcome);
}

/** The whole envelope was refused before any validator had it. */
function onEnvelopeRefused(state: PlayerState, message: RefusedMessage): void {
  const ref = Number(message.ref);
  for (const submission of [...state.open.values()]) {
    if (state.refs.get(ref) !== submission.envelope) continue;
    const outcome = verifyRefused({ ...message, commandId: submission.id }, state.options.trust);
    if (outcome !== null) end(state, submission, outcome);
  }
}
