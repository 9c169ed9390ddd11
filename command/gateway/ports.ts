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
  bufferedBytes(): number;
  close(code: number, reason: string): void;
}

/** Counters and gauges; names as in the gateway's README. */
export interface GatewayTelemetry {
  count(name: string, labels?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number): void;
}
