import { present } from '../../schemas/kernel/assert.js';
import {
  PUBLISH_FOLLOW_MS,
  PUBLISH_RETRY_MS_MAX,
  PUBLISH_RETRY_MS_MIN,
  PUBLISH_TAIL_BATCH_BYTES,
  PUBLISH_TAIL_BLOCKS,
  PUBLISH_TAIL_EVENTS,
  PUBLISH_TAIL_TIMEOUT_MS,
} from '../../schemas/limits.js';
import type { Log, LogBatch, LogSubscription, TopicSpecification } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import type { CommandTelemetry, CommandTimer } from '../ports.js';
import {
  createLogProgress,
  type FollowedPartition,
  type LogProgress,
  type LogProgressOptions,
} from './logProgress.js';

export interface FollowOptions extends LogProgressOptions {
  readonly log: Log;
  readonly manifest: readonly TopicSpecification[];
  readonly timer: CommandTimer;
  readonly telemetry: CommandTelemetry;
  /** Something new is known of the log, or it has stopped answering. */
  onNews(): void;
}

/** Reads the log's end all the time, sparingly, and knows how far every reader of it gets. */
export interface LogFollower {
  readonly progress: LogProgress;
  /** Whether the log answers and its end was reached since it last did not. */
  readonly isFollowing: boolean;
  /** Resolves when all that the log holds now was read. @throws LogError */
  catchUp(): Promise<void>;
  stop(): Promise<void>;
}

/** How long the rest of a fetch is waited for: batches of one follow each other at once. */
const BURST_MS = 2;
const GROWTH = 4n;

interface Waiter {
  /** More was read. */
  look(): void;
  reject(error: unknown): void;
}

interface State {
  readonly options: FollowOptions;
  readonly progress: LogProgress;
  /** By partition: where reading goes on. */
  readonly positions: Map<string, bigint>;
  /** Partitions whose last batch did not reach the end of its time. */
  readonly unfinished: Set<string>;
  readonly waiters: Set<Waiter>;
  subscription: LogSubscription | null;
  isFollowing: boolean;
  isEnsured: boolean;
  /** The log ends before where it was read to: whatever was known of it is void. */
  isReplaced: boolean;
  stopping: boolean;
  retryMs: number;
  /** Code of the failure that goes on, told once. */
  lastFailure: string | null;
  wake: (() => void) | null;
}

function nameOf({ topic, partition }: FollowedPartition): string {
  return `${topic}/${partition}`;
}

export function followLog(options: FollowOptions): LogFollower {
  const state: State = {
    options,
    progress: createLogProgress(options),
    positions: new Map(),
    unfinished: new Set(),
    waiters: new Set(),
    subscription: null,
    isFollowing: false,
    isEnsured: false,
    isReplaced: false,
    stopping: false,
    retryMs: PUBLISH_RETRY_MS_MIN,
    lastFailure: null,
    wake: null,
  };
  const ended = run(state);
  return {
    progress: state.progress,
    get isFollowing() {
      return state.isFollowing;
    },
    catchUp: () => catchUp(state),
    async stop() {
      state.stopping = true;
      state.wake?.();
      await state.subscription?.close();
      await ended;
    },
  };
}

/** The outside world failing, as adapters of the log say it; anything else is a bug. */
export function isOutside(
  error: unknown,
): error is { readonly code: string; readonly message: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

async function run(state: State): Promise<void> {
  while (!state.stopping) {
    try {
      await findEnd(state);
      await followEnd(state);
    } catch (error) {
      if (!isOutside(error)) throw error;
      await onFailure(state, error);
    }
  }
  rejectWaiters(state, new LogError('discarded', 'no longer following the log'));
}

async function onFailure(
  state: State,
  error: { readonly code: string; readonly message: string },
): Promise<void> {
  const { telemetry, onNews } = state.options;
  telemetry.count('publish_follow_failures_total', { code: error.code });
  if (state.lastFailure !== error.code) {
    telemetry.log('warn', 'the log cannot be read', { code: error.code, detail: error.message });
  }
  state.lastFailure = error.code;
  state.isFollowing = false;
  state.isReplaced ||= error.code === 'offsetOutOfRange';
  rejectWaiters(state, error);
  onNews();
  await sleep(state, state.retryMs);
  state.retryMs = Math.min(state.retryMs * 2, PUBLISH_RETRY_MS_MAX);
}

function rejectWaiters({ waiters }: State, error: unknown): void {
  for (const waiter of [...waiters]) waiter.reject(error);
}

/** For `delayMs`, or until somebody needs the end of the log. */
function sleep(state: State, delayMs: number): Promise<void> {
  if (state.stopping) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      state.wake = null;
      cancel();
      resolve();
    };
    const cancel = state.options.timer.after(delayMs, done);
    state.wake = done;
  });
}

type Range = { readonly of: FollowedPartition; readonly first: bigint; readonly end: bigint };

function rangesOf(state: State, partitions: readonly FollowedPartition[]): Promise<Range[]> {
  const { reader } = state.options.log;
  return Promise.all(
    partitions.map(async (of) => ({ of, ...(await reader.offsets(of.topic, of.partition)) })),
  );
}

/**
 * Finds where each partition has got to, from as few of its last records as prove it: a window from
 * the end, four times as large each time nothing in it does, at worst the whole partition. Costs
 * PUBLISH_TAIL_BLOCKS and, by partition, PUBLISH_TAIL_EVENTS records unless somebody wrote that
 * much junk. A log that was read before is read on from where that ended.
 */
async function findEnd(state: State): Promise<void> {
  const { progress, options } = state;
  if (!state.isEnsured) await options.log.ensureTopics(options.manifest);
  state.isEnsured = true;
  const known = state.isReplaced ? [] : progress.partitions.filter(progress.isAnchored);
  let unknown = progress.partitions.filter((of) => !known.includes(of));
  for (let growth = 1n; ; growth *= GROWTH) {
    if (unknown.length === 0) return;
    const ranges = await rangesOf(state, unknown);
    for (const { of, first, end } of ranges) {
      const isBlocks = of.topic === options.topics.blocks;
      const window = BigInt(isBlocks ? PUBLISH_TAIL_BLOCKS : PUBLISH_TAIL_EVENTS) * growth;
      const from = end - window > first ? end - window : first;
      await progress.begin(of, from === first ? 'first' : 'middle');
      state.positions.set(nameOf(of), from);
    }
    state.isReplaced = false;
    await readTo(state, ranges);
    unknown = unknown.filter((of) => !progress.isAnchored(of));
    if (unknown.length > 0 && progress.isAhead) {
      throw new LogError('discarded', 'the log is ahead of this validator');
    }
  }
}

async function subscribe(state: State, to: readonly FollowedPartition[]): Promise<LogSubscription> {
  const partitions = to.map(({ topic, partition }) => ({
    topic,
    partition,
    fromOffset: present(state.positions.get(nameOf({ topic, partition })), 'a position'),
  }));
  const { reader } = state.options.log;
  return reader.subscribe({ partitions, maxBatchBytes: PUBLISH_TAIL_BATCH_BYTES });
}

/** Reads partitions from their positions to the given ends. */
async function readTo(state: State, ranges: readonly Range[]): Promise<void> {
  const left = new Map(ranges.map(({ of, end }) => [nameOf(of), end]));
  const isThere = (name: string, end: bigint): boolean => (state.positions.get(name) ?? 0n) >= end;
  for (const [name, end] of left) if (isThere(name, end)) left.delete(name);
  if (left.size === 0) return;
  const partitions = ranges.map(({ of }) => of).filter((of) => left.has(nameOf(of)));
  const subscription = await subscribe(state, partitions);
  try {
    for await (const batch of subscription.batches) {
      await take(state, batch);
      const name = nameOf(batch);
      if (isThere(name, left.get(name) ?? 0n)) left.delete(name);
      if (left.size === 0 || state.stopping) return;
    }
  } finally {
    await subscription.close();
  }
}

async function take(state: State, batch: LogBatch): Promise<void> {
  const name = nameOf(batch);
  await state.progress.read(batch);
  state.positions.set(name, batch.nextOffset);
  if (batch.nextOffset < batch.endOffset) state.unfinished.add(name);
  else state.unfinished.delete(name);
}

/** Follows the end, at most one fetch each PUBLISH_FOLLOW_MS unless somebody needs it sooner. */
async function followEnd(state: State): Promise<void> {
  const { timer, onNews } = state.options;
  const { partitions } = state.progress;
  const ranges = await rangesOf(state, partitions);
  const subscription = await subscribe(state, partitions);
  state.subscription = subscription;
  waitFor(state, ranges).then(
    () => begun(state),
    () => {}, // following failed, and says so itself
  );
  try {
    const batches = subscription.batches[Symbol.asyncIterator]();
    while (!state.stopping) {
      const next = batches.next();
      if (!(await arrivesWithin(timer, next, BURST_MS))) {
        onNews();
        const isIdle = state.unfinished.size === 0 && state.waiters.size === 0;
        if (isIdle) await sleep(state, PUBLISH_FOLLOW_MS);
      }
      const { done, value } = await next;
      if (done) break;
      await take(state, value);
      for (const waiter of [...state.waiters]) waiter.look();
    }
    if (!state.stopping) throw new LogError('discarded', 'the subscription has ended');
  } finally {
    state.subscription = null;
    await subscription.close();
  }
}

function begun(state: State): void {
  const { telemetry, onNews } = state.options;
  state.isFollowing = true;
  state.retryMs = PUBLISH_RETRY_MS_MIN;
  state.lastFailure = null;
  telemetry.log('info', 'following the log', { ...state.progress.heights() });
  onNews();
}

/** Whether `promise` settles well within so long; what it brings is its owner's to await. */
function arrivesWithin(
  timer: CommandTimer,
  promise: Promise<unknown>,
  limitMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = timer.after(limitMs, () => resolve(false));
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}

async function catchUp(state: State): Promise<void> {
  // As they are before the ends are asked for: meanwhile more is written, and read.
  const before = new Map(state.positions);
  const ranges = await rangesOf(state, state.progress.partitions);
  const isLess = ({ of, end }: Range): boolean => end < (before.get(nameOf(of)) ?? 0n);
  if (ranges.some(isLess)) {
    state.isReplaced = true;
    state.isFollowing = false;
    await state.subscription?.close();
    throw new LogError('unreachable', 'the log holds less than it did');
  }
  state.wake?.();
  await waitFor(state, ranges);
}

/** Until everything up to the given ends was read. @throws LogError */
function waitFor(state: State, ranges: readonly Range[]): Promise<void> {
  const { timer } = state.options;
  const isReached = (): boolean =>
    state.subscription !== null &&
    ranges.every(({ of, end }) => (state.positions.get(nameOf(of)) ?? -1n) >= end);
  if (isReached()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      state.waiters.delete(waiter);
      cancel();
    };
    const waiter: Waiter = {
      look() {
        if (!isReached()) return;
        end();
        resolve();
      },
      reject(error) {
        end();
        reject(error);
      },
    };
    const cancel = timer.after(PUBLISH_TAIL_TIMEOUT_MS, () =>
      waiter.reject(new LogError('unreachable', 'the end of the log was not reached in time')),
    );
    state.waiters.add(waiter);
  });
}
