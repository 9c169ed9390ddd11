/** A text WebSocket, as the client sees it. */
export interface ClientConnection {
  send(text: string): void;
  close(): void;
}

export interface ConnectionEvents {
  onOpen(): void;
  onText(text: string): void;
  onClose(code: number, reason: string): void;
}

/** What the client needs of Node or of a browser. */
export interface ClientWorld {
  connect(url: string, events: ConnectionEvents): ClientConnection;
  /** GET of a JSON document; `body` is parsed. Rejects when there is no answer at all. */
  get(url: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Unix milliseconds: expiries are chosen with it. */
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
  /** Cryptographically secure. */
  random(bytes: number): Uint8Array;
}
