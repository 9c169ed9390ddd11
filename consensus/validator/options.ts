import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { BeaconScheme, SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { ThresholdSigner } from '../beacon/thresholdSigner.js';
import type { Timing } from '../core/config.js';
import type { Application, BlockStore, Journal, Telemetry, Timer, Transport } from '../ports.js';

/** What one validator of one shard is made of. */
export interface ValidatorOptions {
  readonly genesis: Genesis;
  /**
   * Of the newest epoch, in which it takes part. The store holds the height before its first, by
   * which earlier epochs ended.
   */
  readonly keys: EpochKeys;
  /** Own index in the epoch's validators; `signer` holds that key. */
  readonly self: number;
  readonly signer: Signer;
  readonly signatures: SignatureVerifier;
  readonly beacon: BeaconScheme;
  /** With the own share of the beacon's secret. */
  readonly threshold: ThresholdSigner;
  readonly transport: Transport;
  readonly journal: Journal;
  readonly store: BlockStore;
  readonly timer: Timer;
  readonly application: Application;
  readonly telemetry: Telemetry;
  readonly timing: Timing;
  /**
   * The caller's word that this key has never signed in this epoch. Without it, and with a journal
   * that was just created, the validator follows and does not sign: its journal is lost.
   */
  readonly firstStart: boolean;
  /** Told once, when it stops by itself. */
  readonly onHalt?: (halt: Halt) => void;
}

/**
 * Why a validator stopped by itself. All data is kept.
 * - `diverged`: its own result differs from a certificate: a bug, a bad disk or a bad machine.
 * - `outdated`: a height was made by rules that this program does not know: a newer one goes on.
 * - `unsafe`: two certificates exclude each other: more validators are faulty than tolerated.
 * - `superseded`: recovery keys have begun another epoch, in which this key does not sign.
 * - `failed`: journal or store refused a write, or a bug threw.
 */
export interface Halt {
  readonly kind: 'diverged' | 'outdated' | 'unsafe' | 'superseded' | 'failed';
  readonly height: number;
  readonly reason: string;
}

export interface ValidatorStatus {
  readonly state: 'starting' | 'running' | 'stopped' | Halt['kind'];
  readonly halt: Halt | null;
  /** False for good in this epoch when the journal was lost. */
  readonly signing: boolean;
  readonly view: number;
  readonly finalHeight: number;
  readonly executedHeight: number;
  readonly certifiedHeight: number;
  /** Has what the others have, but for a few heights. False until one of them has answered. */
  readonly caughtUp: boolean;
}

/** A validator at work; see README.md for what it promises. */
export interface Validator {
  /** Recovers from journal and store, brings the application up to the store, and joins. Once. */
  start(): Promise<void>;
  /** Resolves when nothing is under way any more. Messages that come later are ignored. */
  stop(): Promise<void>;
  /** The application's `hasWork` may have become true. Cheap; call it at every admission. */
  workChanged(): void;
  /** Recovery keys have begun this epoch without it: it stops itself, and keeps its data. */
  supersede(epoch: number): void;
  status(): ValidatorStatus;
}
