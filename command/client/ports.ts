import { MAX_FRAME_BYTES } from '../../schemas/limits.js';

/** A text WebSocket, as the client sees it. */
export interface ClientConnection {
  send(text: string): void;
  close(): void;
}

export interface ConnectionEvents {
  onOpen(): void;
  onText(text: string): void;
  /** Once, for a connection that could not be made too. */
  onClose(code: number, reason: string): void;
}

/**
 * Where envelopes wait whose commands have not ended, so that they outlive the process or the page:
 * a file, IndexedDB. Entries are few (CLIENT_OPEN_COMMANDS_MAX) and small (MAX_ENVELOPE_BYTES).
 */
export interface ClientOutbox {
  /** Everything kept and not removed, in the order of keeping. */
  load(): Promise<readonly Uint8Array[]>;
  /** Durable when it resolves: the envelope is sent only then. `id` is the hex of its hash. */
  keep(id: string, envelope: Uint8Array): Promise<void>;
  /** An entry that comes back after all is harmless: the same bytes count once. */
  remove(id: string): Promise<void>;
}

/** A read without an answer for so long is given up; a reader waits 5 s for a height itself. */
export const READ_MS_MAX = 15_000;

/**
 * A longer answer is none. The longest honest one is a block's: its framed record in hex, which is
 * twice as long, with rows around it.
 */
export const READ_BYTES_MAX = 2 * MAX_FRAME_BYTES + 1024 * 1024;

/** What is used of an AbortSignal: who aborts it waits no longer, and is given its reason. */
export interface ClientSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What the client needs of Node or of a browser. */
export interface ClientWorld {
  connect(url: string, events: ConnectionEvents): ClientConnection;
  /**
   * GET of a JSON document; `body` is parsed, and undefined when the answer is not in JSON, or is
   * longer than READ_BYTES_MAX, of which no more is taken. Rejects when there is no answer within
   * READ_MS_MAX or before `signal` is aborted, and only then.
   */
  get(
    url: string,
    signal?: ClientSignal,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Unix milliseconds: expiries are chosen with it. */
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
  /** Cryptographically secure. */
  random(bytes: number): Uint8Array;
  /** Without one, open commands are lost with the client; the chain has them all the same. */
  readonly outbox?: ClientOutbox;
}
