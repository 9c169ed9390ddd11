import type { ChainTip } from '../schemas/crypto/epochKeys.js';
import type { CertifiedBlock } from '../schemas/types/block.js';
import type { PartitionLeaf } from '../schemas/types/event.js';

/**
 * What mempool and publisher ask of the world. Implemented by infra, by the engine (AdmissionView)
 * and, in simulations, by test/simulation.
 */

/** The newest executed state, as far as admission needs it (engine/admissionView.ts). */
export interface AdmissionView {
  readonly height: number;
  /** Block time of `height`. */
  readonly timestampMs: number;
  accountExists(account: Uint8Array): boolean;
  /** Null while the signer may not act under this authorization. Own key: signer is the account
   * and authorization is 0. */
  laneOf(
    account: Uint8Array,
    signer: Uint8Array,
    authorization: number,
  ): { readonly nextNonce: number } | null;
  /** Whether a command of this account with this request id is remembered as executed. */
  requestSeen(account: Uint8Array, requestId: Uint8Array): boolean;
  /** Whether the account holds anything: only those give a signer weight. */
  funded(account: Uint8Array): boolean;
}

/** How a command of a block ended, as far as the mempool needs it (engine/executedBlock.ts). */
export interface CommandReceipt {
  readonly commandId: Uint8Array;
  readonly account: Uint8Array;
  readonly signer: Uint8Array;
  readonly authorization: number;
  readonly nonce: number;
  readonly outcome: 'ignored' | 'refused' | 'executed';
}

/** Envelopes on disk before anybody is told that they are held (infra/files/mempoolJournal.ts). */
export interface MempoolJournal {
  /** Durable when resolved. Rejects with a typed error when the disk does; then it is unknown
   * whether they were written. One call at a time, of append or rewrite. */
  append(envelopes: readonly Uint8Array[]): Promise<void>;
  /** Everything appended since the last rewrite, in order; once, before the first append. */
  replay(): AsyncIterable<Uint8Array>;
  /** Atomically replaces the content; when it rejects, the old content stands. */
  rewrite(envelopes: readonly Uint8Array[]): Promise<void>;
  readonly sizeBytes: number;
  close(): Promise<void>;
}

/** To the other validators; best effort, never waits. Batches are within the peer's limits. */
export interface EnvelopeGossip {
  /** Not to validators whose bit is set in `handedTo`: they have them already. */
  send(envelopes: readonly Uint8Array[], handedTo: number): void;
}

/** Monotone time and wake-ups. Nothing certified depends on them. */
export interface CommandTimer {
  nowMs(): number;
  /** Calls `run` once after a delay, unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void;
}

/** An estimate of block time: milliseconds of the Unix epoch. */
export interface WallClock {
  unixMs(): number;
}

/** Counters, gauges and durations by name; names as in the folders' READMEs. */
export interface CommandTelemetry {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  gauge(name: string, value: number): void;
  observe(name: string, seconds: number): void;
  /** Something a person should know. */
  log(level: 'info' | 'warn' | 'error', message: string, details?: object): void;
}

/** A height that can be published: certified, with everything the engine made of it. */
export interface PublishableHeight {
  readonly certified: CertifiedBlock;
  /** One a partition, in partition order. */
  readonly leaves: readonly PartitionLeaf[];
  /** Values of the events topic by partition, in the order of executionIndex and eventIndex. */
  readonly events: readonly (readonly Uint8Array[])[];
}

/** This validator's certified heights, for the publisher. */
export interface HeightSource {
  /** Newest certified and executed height; 0 before the first. Never falls. */
  certifiedTip(): number;
  /** The tip after height `height`; genesisTip at 0. Null when it is not held any more. */
  tip(height: number): Promise<ChainTip | null>;
  /** Null when the height is not held with its events. */
  height(height: number): Promise<PublishableHeight | null>;
  /** The same of the newest heights, which are at hand; null for others. */
  recent(height: number): PublishableHeight | null;
}
