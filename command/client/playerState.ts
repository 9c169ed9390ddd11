import type { OpenedEnvelope } from '../../schemas/crypto/envelope.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import type { HelloMessage } from '../../schemas/gateway/protocol.js';
import type { Command } from '../../schemas/types/command.js';
import type { ClientConnection, ClientWorld } from './ports.js';
import type { Trust } from './verifyEvents.js';
import type { PendingReason, VerifiedOutcome } from './verifyOutcome.js';

export type PlayerStatus = 'connecting' | 'live' | 'closed';

export interface PlayerOptions {
  /** `ws://host:port/play` of any gateway, or of several: the next one is taken when one fails. */
  readonly gatewayUrl: string | readonly string[];
  readonly world: ClientWorld;
  readonly trust: Trust;
  /** The account; its own key unless `authorization` says otherwise. */
  readonly account: Uint8Array;
  readonly signer: Signer;
  /** 0 with the account's own key, else the number its authorization got. */
  readonly authorization: number;
  onStatus?(status: PlayerStatus): void;
  onBlock?(height: number, timestampMs: number): void;
  /** Validators would not take the command now; it stays open until it ends. */
  onPending?(commandId: string, code: number, name: string): void;
  /**
   * A gateway was left because of what it said or did not say, or there was no session with it: the
   * next one is dialled, after a pause.
   */
  onLeft?(url: string, reason: string): void;
}

/** A submitted command: `accepted` once f + 1 validators hold it on disk, then `ended`. */
export interface Submission {
  readonly commandId: string;
  /** The gateway's word; resolved with the end of a command that a block holds, too. */
  readonly accepted: Promise<void>;
  /** Rejects with PlayerClosedError, or with the outbox's error, when it was never sent. */
  readonly ended: Promise<VerifiedOutcome>;
}

/** The player was closed while the command was open; the chain may execute it all the same. */
export class PlayerClosedError extends Error {
  override readonly name = 'PlayerClosedError';
}

export function closedError({ cause }: PlayerState): PlayerClosedError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new PlayerClosedError(`the player is closed${why}`, { cause });
}

export interface OpenSubmission {
  readonly id: string;
  readonly command: Command;
  readonly envelope: OpenEnvelope;
  /** The last reason that was given for not taking it. */
  pending: PendingReason | null;
  accept(): void;
  settle(outcome: VerifiedOutcome): void;
  fail(error: unknown): void;
}

/** An envelope with a command that has not ended. */
export interface OpenEnvelope {
  readonly hash: string;
  readonly opened: OpenedEnvelope;
  readonly openIds: Set<string>;
  /** How often it was handed to a gateway, by this client or the one before it. */
  sent: number;
  /** In the outbox, or needs no place there: it may be sent. */
  kept: boolean;
  resendWaits: boolean;
  /** How long it may take, and how much of that has passed: counted, so a clock may jump. */
  readonly lifetimeMs: number;
  ageMs: number;
}

/** A connection to a gateway, from dialling to its end. */
export interface GatewayLink {
  readonly url: string;
  connection: ClientConnection | null;
  hello: HelloMessage | null;
  /** Which envelope a ref of this connection stands for. */
  readonly refs: Map<string, OpenEnvelope>;
  nextRef: number;
  status: 'dialling' | 'live' | 'dead';
  /** It is about to stop, and another one is wanted. */
  isLeaving: boolean;
  /** Since dialling, since it is live, since a frame came, since a ping that nothing answered. */
  ageMs: number;
  liveMs: number;
  silentMs: number;
  unansweredMs: number | null;
  /** The latest block time that it has said or proven; 0 before. */
  saidTimeMs: number;
}

export interface PlayerState {
  readonly options: PlayerOptions;
  readonly urls: readonly string[];
  readonly open: Map<string, OpenSubmission>;
  readonly envelopes: Map<string, OpenEnvelope>;
  readonly readers: { resolve(): void; reject(error: unknown): void }[];
  /** Gateways that said not to come back. */
  readonly refusedBy: Set<string>;
  status: PlayerStatus;
  /** What commands go to; while it is about to stop, `next` is dialled. */
  current: GatewayLink | null;
  next: GatewayLink | null;
  urlIndex: number;
  attempts: number;
  /** Why it was closed, where nobody has asked for it. */
  cause: unknown;
  cancelRedial: (() => void) | null;
  cancelWatch: (() => void) | null;
  /** No nonce below is free: from certified states and receipts. Null before the first welcome. */
  laneNext: number | null;
  maxCommandLifetimeMs: number;
  /** What to add to the world's clock to be near block time (blockClock.ts). */
  clockOffsetMs: number;
  /** The world's clock when the connections were looked at last. */
  watchedAtMs: number;
}

/** What the handlers of messages may do with connections (gatewayLink.ts). */
export interface LinkActions {
  /** A gateway that lies, is silent or speaks nonsense is left without waiting for its close. */
  leave(state: PlayerState, link: GatewayLink, reason: string): void;
  /** The gateway is about to stop: another connection first, then this one is closed. */
  moveOn(state: PlayerState, link: GatewayLink): void;
  /** Closes a connection that another one has taken the place of. */
  retire(link: GatewayLink): void;
}

export function setStatus(state: PlayerState, status: PlayerStatus): void {
  if (state.status === status || state.status === 'closed') return;
  state.status = status;
  state.options.onStatus?.(status);
}
