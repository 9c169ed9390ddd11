import type { PackRows, RowBatch } from './runner/rowBatch.js';

/** Stands for the blocks topic where the events topic's partitions count from 0. */
export const BLOCKS_PARTITION = -1;

/** How far one source is in the tables; a row of `checkpoints`. */
export interface Checkpoint {
  readonly shard: number;
  /** BLOCKS_PARTITION or a partition of the events topic. */
  readonly partition: number;
  readonly height: number;
  /** Events: the last height at or below `height` with an event. Blocks: `height`. */
  readonly lastEventHeight: number;
  /** Blocks: digest of the block at `height`. Events: empty. */
  readonly blockDigest: Uint8Array;
  readonly resultDigest: Uint8Array;
  /** Blocks: seed of `height`. Events: empty. */
  readonly seed: Uint8Array;
  readonly timestampMs: number;
  /** Where reading the log goes on; a hint: what is read there must still prove itself. */
  readonly position: bigint;
}

/** What one source adds: its rows, and the checkpoint before and after them. */
export interface SourceCommit {
  readonly shard: number;
  readonly partition: number;
  /** The store must stand exactly here, else somebody else folds this source. */
  readonly fromHeight: number;
  readonly checkpoint: Checkpoint;
  readonly rows: RowBatch;
}

/** A projector's share of the sources. */
export interface Leases {
  readonly shard: number;
  readonly partitions: readonly number[];
}

/**
 * Where tables and checkpoints live. Failures of the outside world are errors with `code` and
 * `retriable`; a commit that found another writer's checkpoint is a ZombieWriterError. After any
 * rejection of `commit` it is unknown whether it was written: read the checkpoints again.
 */
export interface ProjectionStore {
  /** Says that `owner` lives, frees what dead ones held, and takes or gives up sources until the
   * living have equal shares. Returns what `owner` holds now, ascending. */
  acquireLeases(shard: number, owner: string, ttlMs: number): Promise<readonly number[]>;
  /** Gives up everything at once, so that others need not wait. */
  releaseLeases(shard: number, owner: string): Promise<void>;
  /** Of all sources of a shard; written when the store was prepared for its chain. */
  checkpoints(shard: number): Promise<readonly Checkpoint[]>;
  /** Rows of `append` tables in the store's own form, for its `commit`; without it as they are. */
  readonly pack?: PackRows;
  /** All rows and checkpoints in one transaction, visible on return. A store that breaks down may
   * forget the newest transactions, each as a whole: its checkpoints say so. */
  commit(commits: readonly SourceCommit[]): Promise<void>;
}

/** Another projector has moved a checkpoint: ours is out of date, and nothing was written. */
export class ZombieWriterError extends Error {
  override readonly name = 'ZombieWriterError';
  readonly code = 'zombieWriter';
  readonly retriable = true;
  readonly partition: number;

  constructor(partition: number, height: number) {
    super(`partition ${partition} has left height ${height}: another projector folds it`);
    this.partition = partition;
  }
}

/** Time as the projector needs it. */
export interface ProjectorTimer {
  /** Ms since 1970. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`, unless the result was called before. */
  after(delayMs: number, run: () => void): () => void;
}

/** What a source looks like from outside. */
export interface SourceStatus {
  readonly partition: number;
  /** Written to the store. */
  readonly height: number;
  /** Below the highest height that this projector knows to be certified. */
  readonly lagBlocks: number;
  /** How long the tables have been behind the log; 0 at its end. During the first catch-up the
   * age of the written block time. */
  readonly lagMs: number;
  /** All of the log is in the tables. */
  readonly atEnd: boolean;
  /** It has been, since the source was taken. */
  readonly caughtUp: boolean;
  /** A height that is certified and missing in the log; null when none. */
  readonly hole: number | null;
  /** Certified events that the log has not shown. */
  readonly wanted: number;
}

export interface ProjectorStatus {
  /** `standby`: others hold every source, and this one takes over when they end. `waiting`: for
   * store or log, see `message`. `halted`: for good, see `message`. */
  readonly state: 'starting' | 'running' | 'standby' | 'waiting' | 'halted' | 'stopped';
  readonly message: string | null;
  readonly sources: readonly SourceStatus[];
  /** On standby, or every source has been at the log's end, is not far behind it now, and misses
   * nothing. */
  readonly ready: boolean;
}

/** Told as it happens; must not throw. */
export interface ProjectorTelemetry {
  onCommitted(commit: {
    readonly rows: number;
    readonly heights: number;
    readonly durationMs: number;
    readonly status: ProjectorStatus;
  }): void;
  /** Records that changed nothing: forged, repeated, foreign. */
  onDropped(partition: number, reason: string, count: number): void;
  /** `cause` is what halted it, whole: with the stack of a fold that failed. */
  onState(status: ProjectorStatus, cause?: unknown): void;
}
