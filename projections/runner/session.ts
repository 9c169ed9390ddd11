import { present } from '../../schemas/kernel/assert.js';
import {
  PROJECTION_BATCH_BYTES_MAX,
  PROJECTION_BATCH_ROWS_MAX,
  PROJECTION_READ_BYTES_MAX,
} from '../../schemas/limits.js';
import type { LogBatch, LogReader, LogSubscription, PartitionStart } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import {
  BLOCKS_PARTITION,
  type Checkpoint,
  type ProjectionStore,
  type ProjectorTimer,
  type SourceCommit,
  type SourceStatus,
} from '../ports.js';
import { RowBatch } from './rowBatch.js';
import { createSource, type Source, type SourceOptions } from './source.js';

/** A quorum certified two histories: money stops here until a person has looked. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly code = 'conflict';
  readonly retriable = false;
}

export interface SessionOptions extends SourceOptions {
  readonly store: Pick<ProjectionStore, 'commit'>;
  readonly reader: LogReader;
  readonly topics: TopicNames;
  readonly timer: ProjectorTimer;
  /** Told after each transaction. */
  readonly onWritten: (rows: number, heights: number, durationMs: number) => void;
}

interface Lane {
  readonly source: Source;
  readonly start: PartitionStart;
  /** Checkpoint in the store. */
  written: Checkpoint;
  /** Height below the rows gathered; they wait for the next transaction. */
  fromHeight: number;
  rows: RowBatch;
  nextOffset: bigint;
  /** The last read reached the end of the partition. */
  atEnd: boolean;
  /** When the store fell behind the log; null while it holds all of it. */
  behindSinceMs: number | null;
  /** The store has held all of the log once in this session. */
  caughtUp: boolean;
}

/**
 * Folds some sources from their checkpoints until it is closed or something fails. While one
 * transaction is written, the rows of the next gather: at the tail a transaction holds what arrived
 * during the last one, in catch-up as much as the bounds allow. All sources share transactions.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #lanes: readonly Lane[];
  #subscription: LogSubscription | null = null;
  #closed = false;
  #writing: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;
  #gatheredBytes = 0;
  #gatheredHeights = 0;

  constructor(options: SessionOptions, checkpoints: readonly Checkpoint[]) {
    this.#options = options;
    this.#lanes = checkpoints.map((written) => ({
      source: createSource(options, written),
      start: this.#place(written),
      written,
      fromHeight: written.height,
      rows: new RowBatch(),
      nextOffset: written.position,
      atEnd: false,
      behindSinceMs: options.timer.nowMs(),
      caughtUp: false,
    }));
  }

  /** Resolves once closed, with the transaction in flight written; rejects with what failed. */
  async run(): Promise<void> {
    try {
      await this.#clampPositions();
      while (!this.#closed) await this.#follow();
    } finally {
      this.#closed = true;
      while (this.#writing !== null) await this.#writing;
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Ends reading. The transaction in flight is finished, what was gathered for the next is not. */
  close(): void {
    this.#closed = true;
    // Its failure to close reaches `run` through the iteration that it ends.
    this.#subscription?.close().catch((error: unknown) => this.#fail(error));
  }

  /** Ends the session with an error of the caller's. */
  fail(error: unknown): void {
    this.#fail(error);
  }

  status(): readonly SourceStatus[] {
    const head = Math.max(0, ...this.#lanes.map(({ source }) => source.certifiedHeight));
    const nowMs = this.#options.timer.nowMs();
    return this.#lanes.map((lane) => {
      const { source, written, behindSinceMs, caughtUp } = lane;
      const sinceMs = caughtUp && behindSinceMs !== null ? behindSinceMs : written.timestampMs;
      return {
        partition: source.partition,
        height: written.height,
        lagBlocks: head - written.height,
        lagMs: behindSinceMs === null ? 0 : Math.max(0, nowMs - sinceMs),
        atEnd: behindSinceMs === null,
        caughtUp,
        hole: source.hole,
        wanted: source.wanted,
      };
    });
  }

  #place({ shard, partition, position }: Checkpoint): PartitionStart {
    const { topics } = this.#options;
    return partition === BLOCKS_PARTITION
      ? { topic: topics.blocks, partition: shard, fromOffset: position }
      : { topic: topics.events, partition, fromOffset: position };
  }

  /** A position outside of the log is a hint gone stale: then everything is read again. */
  async #clampPositions(): Promise<void> {
    for (const lane of this.#lanes) {
      const { topic, partition } = lane.start;
      const { first, end } = await this.#options.reader.offsets(topic, partition);
      if (lane.nextOffset < first || lane.nextOffset > end) lane.nextOffset = first;
      // The marker that ends a transaction takes an offset on Kafka and is never delivered alone.
      lane.atEnd = end - lane.nextOffset <= 1n;
      this.#settle(lane);
    }
  }

  /** One subscription, until it ends or a source must read again from further back. */
  async #follow(): Promise<void> {
    const subscription = await this.#options.reader.subscribe({
      partitions: this.#lanes.map((lane) => ({ ...lane.start, fromOffset: lane.nextOffset })),
      maxBatchBytes: PROJECTION_READ_BYTES_MAX,
    });
    this.#subscription = subscription;
    try {
      if (this.#closed) return;
      for await (const batch of subscription.batches) {
        if (this.#closed) return;
        const lane = this.#laneOf(batch);
        this.#fold(lane, batch);
        await this.#pace();
        const from = lane.source.takeReread();
        if (from === null) continue;
        lane.nextOffset = from;
        return;
      }
      // A subscription that ends by itself would make this a busy loop.
      if (!this.#closed) this.close();
    } finally {
      this.#subscription = null;
      await subscription.close();
    }
  }

  #laneOf({ topic, partition }: LogBatch): Lane {
    const lane = this.#lanes.find(
      ({ start }) => start.topic === topic && start.partition === partition,
    );
    return present(lane, `a subscription to ${topic}/${partition}`);
  }

  #fold(lane: Lane, batch: LogBatch): void {
    const { source } = lane;
    for (const { value, offset } of batch.records) {
      this.#gatheredHeights += source.read(value, offset, lane.rows);
      this.#gatheredBytes += value.length;
    }
    lane.nextOffset = batch.nextOffset;
    lane.atEnd = batch.nextOffset >= batch.endOffset;
    this.#settle(lane);
    if (source.conflict !== null) throw new ConflictError(source.conflict);
  }

  #settle(lane: Lane): void {
    const isWhole = lane.atEnd && lane.written.height === lane.source.checkpoint.height;
    if (isWhole) lane.caughtUp = true;
    lane.behindSinceMs = isWhole ? null : (lane.behindSinceMs ?? this.#options.timer.nowMs());
  }

  /** Keeps the writer busy, and waits for it when more is gathered than one transaction may hold. */
  async #pace(): Promise<void> {
    if (this.#writing === null) this.#write();
    while (this.#writing !== null && this.#isFull()) await this.#writing;
  }

  #isFull(): boolean {
    if (this.#gatheredHeights === 0) return false;
    if (this.#gatheredBytes >= PROJECTION_BATCH_BYTES_MAX) return true;
    let rows = 0;
    for (const lane of this.#lanes) rows += lane.rows.count;
    return rows >= PROJECTION_BATCH_ROWS_MAX;
  }

  #write(): void {
    if (this.#closed) return;
    const commits = this.#takeGathered();
    if (commits.length === 0) return;
    const heights = this.#gatheredHeights;
    this.#gatheredHeights = 0;
    this.#gatheredBytes = 0;
    const startMs = this.#options.timer.nowMs();
    this.#writing = this.#options.store.commit(commits).then(
      () => {
        this.#writing = null;
        this.#onWritten(commits, heights, startMs);
        this.#write();
      },
      (error: unknown) => {
        this.#writing = null;
        this.#fail(error);
      },
    );
  }

  #takeGathered(): SourceCommit[] {
    const commits: SourceCommit[] = [];
    for (const lane of this.#lanes) {
      const { source, fromHeight, rows } = lane;
      const { checkpoint, partition } = source;
      if (checkpoint.height === fromHeight) continue;
      commits.push({ shard: checkpoint.shard, partition, fromHeight, checkpoint, rows });
      lane.fromHeight = checkpoint.height;
      lane.rows = new RowBatch();
    }
    return commits;
  }

  #onWritten(commits: readonly SourceCommit[], heights: number, startMs: number): void {
    let rows = 0;
    for (const commit of commits) {
      rows += commit.rows.count;
      const found = this.#lanes.find(({ source }) => source.partition === commit.partition);
      const lane = present(found, 'a lane that wrote');
      lane.written = commit.checkpoint;
      this.#settle(lane);
    }
    this.#options.onWritten(rows, heights, this.#options.timer.nowMs() - startMs);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    if (!this.#closed) this.close();
  }
}
