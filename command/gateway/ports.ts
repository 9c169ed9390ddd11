import type { PeerMessageBody } from '../../schemas/types/wire.js';

/** Authenticated links to the validators, by validator index. */
export interface ValidatorLinks {
  connected(): readonly number[];
  /** Does nothing when the link is down: whoever waits asks another. */
  send(validator: number, body: PeerMessageBody): void;
}

/** Time for limits, heartbeats and time-outs; never for anything that is certified. */
export interface GatewayClock {
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
}

/** One client connection. `send` never waits; `bufferedBytes` is what the client has not read. */
export interface ClientSocket {
  readonly address: string;
  send(text: string): void;
  /** Asks the transport of the other side for a sign of life (`ClientHandle.onAlive`). */
  ping(): void;
  bufferedBytes(): number;
  close(code: number, reason: string): void;
}

/** Counters, gauges and durations; names as in the gateway's README. */
export interface GatewayTelemetry {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void;
}
