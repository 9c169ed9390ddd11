import type { CommandInstruction } from '../../schemas/types/command.js';
import { checkedUrls, GATEWAY_URL } from './checkedUrls.js';
import { closePlayer, dial, watch } from './gatewayLink.js';
import {
  closedError,
  type PlayerOptions,
  type PlayerState,
  type PlayerStatus,
  type Submission,
} from './playerState.js';
import type { Abortable } from './reader.js';
import { passNonce, restore, submit } from './submissions.js';
import { unlessAborted } from './unlessAborted.js';

/**
 * One lane of one account on a gateway. Commands keep their bytes until they have ended: after a
 * lost connection the same bytes go to whichever gateway answers next, and count once.
 */
export interface Player {
  readonly status: PlayerStatus;
  /**
   * Commands of this lane that the outbox held at the start; complete once `ready` resolves. An
   * envelope comes back whole: those of its commands that had ended end again, in the same way.
   */
  readonly restored: readonly Submission[];
  /**
   * Resolves when the session is live. Rejects with PlayerClosedError when the player is closed, or
   * with what the outbox failed with when that could not be read, as often as it is asked;
   * when `signal` is aborted, with its reason. The player goes on all the same.
   */
  ready(options?: Abortable): Promise<void>;
  /**
   * Signs and sends the instructions in one envelope, each with the lowest free nonce. Throws
   * InstructionError for what has not the form of an instruction, and Error before the first
   * `ready`, when too many commands are open, and PlayerClosedError when the player is closed.
   */
  submit(instructions: readonly CommandInstruction[], lifetimeMs?: number): readonly Submission[];
  /**
   * No nonce below is free: for who has read in the certified state that another client has used
   * the same lane. Otherwise the next command would take the place of one that was executed.
   */
  passNonce(nextNonce: number): void;
  /** Ends the session; commands that are open stay so in the chain, and in the outbox. */
  close(): void;
}

/** @throws Error when there is no URL, or one that is none */
export function openPlayer(options: PlayerOptions): Player {
  const urls = checkedUrls(options.gatewayUrl, GATEWAY_URL);
  const state: PlayerState = {
    ...{ options, urls, open: new Map(), envelopes: new Map(), readers: [], refusedBy: new Set() },
    ...{ status: 'connecting', current: null, next: null, urlIndex: 0, attempts: 0 },
    ...{ cancelRedial: null, cancelWatch: null, cause: null },
    ...{ laneNext: null, maxCommandLifetimeMs: 0, clockOffsetMs: 0 },
    watchedAtMs: options.world.nowMs(),
  };
  const restored: Submission[] = [];
  begin(state, restored);
  return {
    get status() {
      return state.status;
    },
    restored,
    ready: ({ signal } = {}) => unlessAborted(signal, ready(state)),
    submit: (instructions, lifetimeMs) => submit(state, instructions, lifetimeMs),
    passNonce: (nextNonce) => passNonce(state, nextNonce),
    close: () => closePlayer(state),
  };
}

/** What the outbox holds comes first: its nonces are taken. */
function begin(state: PlayerState, restored: Submission[]): void {
  const { outbox } = state.options.world;
  const start = (): void => {
    if (state.status === 'closed') return;
    dial(state);
    watch(state);
  };
  if (outbox === undefined) return start();
  outbox.load().then(
    (kept) => {
      restored.push(...restore(state, kept));
      start();
    },
    (error: unknown) => {
      closePlayer(state, error);
    },
  );
}

function ready(state: PlayerState): Promise<void> {
  if (state.status === 'live') return Promise.resolve();
  if (state.status === 'closed') return Promise.reject(state.cause ?? closedError(state));
  return new Promise((resolve, reject) => {
    state.readers.push({ resolve, reject });
  });
}
