import type { BatchVerifier, SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import {
  PROJECTION_BATCH_BYTES_MAX,
  PROJECTION_BATCH_ROWS_MAX,
  PROJECTION_BATCH_ROWS_MIN,
  PROJECTION_BEACONS_MAX,
  PROJECTION_FAR_GATHER_MS_MAX,
  PROJECTION_FAR_RECORDS,
  PROJECTION_GATHER_MS_MAX,
  PROJECTION_READ_BYTES_MAX,
  PROJECTION_STALL_MS,
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
import { DeferredBeacons } from './deferredBeacons.js';
import { KnownRows, RowBatch } from './rowBatch.js';
import { createSource, type Source, type SourceOptions } from './source.js';

/** A quorum certified two histories: money stops here until a person has looked. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly code = 'conflict';
  readonly retriable = false;
}

/** The log has records that it does not give, or the store a transaction that does not end. */
export class StalledError extends Error {
  override readonly name = 'StalledError';
  readonly code = 'stalled';
  readonly retriable = true;
}

/** The store stands below what it had committed: it broke down, or is another than it was. */
export class LostCommitError extends Error {
  override readonly name = 'LostCommitError';
  readonly code = 'lostCommit';
  readonly retriable = true;
}

export interface SessionOptions extends Omit<SourceOptions, 'verifiers'> {
  readonly signatures: SignatureVerifier;
  readonly beacons: BatchVerifier;
  readonly store: Pick<ProjectionStore, 'commit' | 'pack' | 'checkpoints'>;
  readonly reader: LogReader;
  readonly topics: TopicNames;
  readonly timer: ProjectorTimer;
  /** By partition the height at which a source stops; the session ends when all have. */
  readonly untilHeights?: ReadonlyMap<number, number>;
  /** Told after each transaction. */
  readonly onWritten: (rows: number, heights: number, durationMs: number) => void;
}

interface Lane {
  readonly source: Source;
  readonly start: PartitionStart;
  /** Reading ends at this height. */
  readonly until: number;
  /** Checkpoint in the store. */
  written: Checkpoint;
  /** Height below the rows gathered; they wait for the next transaction. */
  fromHeight: number;
  rows: RowBatch;
  readonly known: KnownRows;
  nextOffset: bigint;
  /** Records behind the last read that the log had then. */
  missing: number;
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
  readonly #beacons: DeferredBeacons;
  #subscription: LogSubscription | null = null;
  #closed = false;
  #writing: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;
  #gatheredBytes = 0;
  #gatheredHeights = 0;
  /** The last batch was one of several that were read together. */
  #isFollowed = false;
  #gatheringSinceMs = 0;
  /** How long the last transaction took: near the log's end, so long is gathered for the next. */
  #patienceMs = 0;
  /** Rows that are worth a transaction far behind the log's end. */
  #enoughRows = PROJECTION_BATCH_ROWS_MIN;
  #cancelWrite: (() => void) | null = null;
  /** When a record was last read, or a transaction written. */
  #progressMs: number;

  constructor(options: SessionOptions, checkpoints: readonly Checkpoint[]) {
    this.#options = options;
    this.#progressMs = options.timer.nowMs();
    this.#beacons = new DeferredBeacons(options.beacons, () => {
      this.#progressMs = options.timer.nowMs();
    });
    this.#lanes = checkpoints.map((written) => this.#laneFrom(written));
  }

  #laneFrom(written: Checkpoint): Lane {
    const options = this.#options;
    const known = new KnownRows();
    const beacon = this.#beacons.noting(() => source.height + 1);
    const verifiers = { signatures: options.signatures, beacon };
    const source: Source = createSource({ ...options, verifiers }, written);
    return {
      source,
      start: this.#place(written),
      until: options.untilHeights?.get(written.partition) ?? Number.POSITIVE_INFINITY,
      written,
      fromHeight: written.height,
      rows: new RowBatch(known, options.store.pack),
      known,
      nextOffset: written.position,
      missing: 0,
      atEnd: false,
      behindSinceMs: options.timer.nowMs(),
      caughtUp: false,
    };
  }

  /** Resolves once closed, with the transaction in flight written; rejects with what failed. */
  async run(): Promise<void> {
    try {
      await this.#clampPositions();
      this.#closeIfDone();
      while (!this.#closed) await this.#follow();
    } finally {
      this.#closed = true;
      this.#cancelWrite?.();
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

  /**
   * To be called every few seconds. The session fails, so that another one begins, when the store
   * has lost what it had taken (the next commit would find out, but who knows when that comes); and
   * without progress for long, although the log has more: clients of logs have been seen to stop
   * without an error.
   */
  async watch(): Promise<void> {
    await this.#watchStore();
    await this.#watchLog();
  }

  async #watchStore(): Promise<void> {
    const { store, keys } = this.#options;
    const before = this.#lanes.map(({ written }) => written);
    const now = new Map(
      (await store.checkpoints(keys.shard)).map((at) => [at.partition, at.height]),
    );
    for (const { partition, height } of before) {
      const stored = now.get(partition) ?? 0;
      if (stored >= height) continue;
      const what = `partition ${partition} was written up to ${height}, and is at ${stored}`;
      this.#fail(new LostCommitError(`the store has lost what it had: ${what}`));
      return;
    }
  }

  async #watchLog(): Promise<void> {
    const { timer, reader } = this.#options;
    const idleMs = timer.nowMs() - this.#progressMs;
    if (this.#closed || idleMs < PROJECTION_STALL_MS) return;
    if (this.#writing !== null) {
      this.#fail(new StalledError(`a transaction has not ended for ${idleMs} ms`));
      return;
    }
    for (const lane of this.#lanes) {
      const { topic, partition } = lane.start;
      const { end } = await reader.offsets(topic, partition);
      const missing = end - lane.nextOffset;
      // A marker at the end takes an offset on Kafka.
      if (missing <= 1n || lane.source.height >= lane.until) continue;
      const what = `${topic}/${partition} has ${missing} records more`;
      this.#fail(new StalledError(`${what}, and none has come for ${idleMs} ms`));
      return;
    }
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
    if (this.#gatheredHeights === 0) this.#gatheringSinceMs = this.#options.timer.nowMs();
    for (const { value, offset } of batch.records) {
      if (source.height >= lane.until) break;
      this.#gatheredHeights += source.read(value, offset, lane.rows);
      this.#gatheredBytes += value.length;
    }
    this.#beacons.verify();
    this.#progressMs = this.#options.timer.nowMs();
    this.#isFollowed = batch.isFollowed === true;
    lane.nextOffset = batch.nextOffset;
    lane.missing = Number(batch.endOffset - batch.nextOffset);
    lane.atEnd = lane.missing <= 0;
    this.#settle(lane);
    if (source.conflict !== null) throw new ConflictError(source.conflict);
  }

  #settle(lane: Lane): void {
    const isWhole = lane.atEnd && lane.written.height === lane.source.height;
    if (isWhole) lane.caughtUp = true;
    lane.behindSinceMs = isWhole ? null : (lane.behindSinceMs ?? this.#options.timer.nowMs());
  }

  /**
   * Keeps the writer busy, and waits for it when more is gathered than one transaction may hold.
   */
  async #pace(): Promise<void> {
    if (this.#writing === null) this.#writeWhenDue();
    while (this.#writing !== null && this.#isFull()) await this.#writing;
  }

  #rows(): number {
    let rows = 0;
    for (const lane of this.#lanes) rows += lane.rows.count;
    return rows;
  }

  #isFull(): boolean {
    if (this.#gatheredHeights === 0) return false;
    if (this.#gatheredBytes >= PROJECTION_BATCH_BYTES_MAX) return true;
    if (this.#beacons.open >= PROJECTION_BEACONS_MAX) return true;
    return this.#rows() >= PROJECTION_BATCH_ROWS_MAX;
  }

  #isFarBehind(): boolean {
    return this.#lanes.some(
      ({ source, until, missing }) => missing >= PROJECTION_FAR_RECORDS && source.height < until,
    );
  }

  /**
   * At the log's end at once. Near it, rows gather for as long as the last transaction took. Both
   * with all that was read together: a height is visible when the last of its partitions is, and
   * the first would have the others wait for a transaction. Far behind it nobody waits for the next
   * height, and rows gather until they are many: a row costs half as much in a large transaction,
   * and rows of a key merge.
   */
  #writeWhenDue(): void {
    if (this.#closed || this.#gatheredHeights === 0) return;
    const waitedMs = this.#options.timer.nowMs() - this.#gatheringSinceMs;
    const isFar = this.#isFarBehind();
    const patienceMs = isFar ? PROJECTION_FAR_GATHER_MS_MAX : this.#patienceMs;
    const isPart = this.#isFollowed && !isFar;
    const isDue =
      (!isPart && (waitedMs >= patienceMs || this.#lanes.every(({ atEnd }) => atEnd))) ||
      (isFar && this.#rows() >= this.#enoughRows) ||
      this.#isFull();
    if (isDue) {
      if (isFar) this.#enoughRows = Math.min(2 * this.#enoughRows, PROJECTION_BATCH_ROWS_MAX);
      this.#write();
      return;
    }
    if (isPart) return; // the rest of what was read together comes by itself
    this.#cancelWrite ??= this.#options.timer.after(patienceMs - waitedMs, () => {
      this.#cancelWrite = null;
      if (this.#writing === null) this.#writeWhenDue();
    });
  }

  #write(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = null;
    if (this.#closed) return;
    const commits = this.#takeGathered();
    if (commits.length === 0) return;
    const heights = this.#gatheredHeights;
    this.#gatheredHeights = 0;
    this.#gatheredBytes = 0;
    this.#writing = this.#commit(commits).then(
      (tookMs) => {
        this.#writing = null;
        this.#patienceMs = Math.min(tookMs, PROJECTION_GATHER_MS_MAX);
        this.#onWritten(commits, heights, tookMs);
        this.#writeWhenDue();
      },
      (error: unknown) => {
        this.#writing = null;
        this.#fail(error);
      },
    );
  }

  /** Says how long the store took. */
  async #commit(commits: readonly SourceCommit[]): Promise<number> {
    const wrong = await this.#beacons.settled();
    if (wrong !== null) {
      throw new ConflictError(`blocks: a quorum certified a wrong beacon at height ${wrong}`);
    }
    const { store, timer } = this.#options;
    const startMs = timer.nowMs();
    await store.commit(commits);
    return timer.nowMs() - startMs;
  }

  #takeGathered(): SourceCommit[] {
    const commits: SourceCommit[] = [];
    for (const lane of this.#lanes) {
      const { source, fromHeight, rows } = lane;
      const { checkpoint, partition } = source;
      if (checkpoint.height === fromHeight) continue;
      commits.push({ shard: checkpoint.shard, partition, fromHeight, checkpoint, rows });
      lane.fromHeight = checkpoint.height;
      lane.rows = new RowBatch(lane.known, this.#options.store.pack);
    }
    return commits;
  }

  #onWritten(commits: readonly SourceCommit[], heights: number, tookMs: number): void {
    let rows = 0;
    this.#progressMs = this.#options.timer.nowMs();
    for (const commit of commits) {
      rows += commit.rows.count;
      const found = this.#lanes.find(({ source }) => source.partition === commit.partition);
      const lane = present(found, 'a lane that wrote');
      lane.written = commit.checkpoint;
      this.#settle(lane);
    }
    this.#options.onWritten(rows, heights, tookMs);
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#lanes.every(({ written, until }) => written.height >= until)) this.close();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    if (!this.#closed) this.close();
  }
}
