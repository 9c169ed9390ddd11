import { assert } from '../../schemas/kernel/assert.js';
import {
  PUBLISH_GROUP_BYTES_MAX,
  PUBLISH_GROUP_HEIGHTS_MAX,
  PUBLISH_IDLE_MARK_MS,
  PUBLISH_RETRY_MS_MAX,
  PUBLISH_RETRY_MS_MIN,
  PUBLISH_TAKEOVER_MS,
} from '../../schemas/limits.js';
import type { Log, LogRecord, LogWriter } from '../../schemas/log.js';
import type { TopicNames } from '../../schemas/topics.js';
import type { CommandTelemetry, CommandTimer, HeightSource } from '../ports.js';
import { eventKey } from './eventKey.js';
import { followBlocks, type LogTail, readTail, type TailOptions } from './readTail.js';
import { recordsOfHeight } from './recordsOfHeight.js';

export interface PublisherOptions {
  readonly log: Log;
  readonly topics: TopicNames;
  readonly shard: number;
  readonly eventPartitions: number;
  /** Own index: the first in line writes at once, the next ones wait half a second each. */
  readonly self: number;
  readonly validators: number;
  readonly source: HeightSource;
  readonly timer: CommandTimer;
  readonly telemetry: CommandTelemetry;
  /** Same for all publishers of the shard: opening it fences the one before. */
  readonly writerId: string;
}

export interface Publisher {
  /** A height has become certified. */
  onCertified(): void;
  /** Height that is known to stand in the log with everything that belongs to it. */
  publishedHeight(): number;
  isActive(): boolean;
  /** Ends after the append under way. */
  stop(): Promise<void>;
}

interface State {
  readonly options: PublisherOptions;
  tail: LogTail;
  writer: LogWriter | null;
  stopping: boolean;
  /** Clock time since when a certified height has been missing from the log; null when none is. */
  missingSinceMs: number | null;
  /** Take-overs without progress: each doubles the wait of the next. */
  fruitless: number;
  /** Rank behind whoever fenced us. */
  rank: number;
  retryMs: number;
  lastMarkMs: number;
  wake: (() => void) | null;
}

/** Publishes certified heights, each once, as one of all the validators that could. */
export function startPublisher(options: PublisherOptions): Publisher {
  const state: State = {
    options,
    tail: { height: 0, blocksOffset: 0n },
    writer: null,
    stopping: false,
    missingSinceMs: null,
    fruitless: 0,
    rank: options.self,
    retryMs: PUBLISH_RETRY_MS_MIN,
    lastMarkMs: 0,
    wake: null,
  };
  const ended = run(state);
  return {
    onCertified: () => state.wake?.(),
    publishedHeight: () => state.tail.height,
    isActive: () => state.writer !== null,
    async stop() {
      state.stopping = true;
      state.wake?.();
      await ended;
    },
  };
}

/** Until the next certified height, or for `delayMs`. */
function pause(state: State, delayMs: number): Promise<void> {
  if (state.stopping) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = state.options.timer.after(delayMs, () => state.wake?.());
    state.wake = () => {
      state.wake = null;
      cancel();
      resolve();
    };
  });
}

async function run(state: State): Promise<void> {
  while (!state.stopping) {
    try {
      if (state.writer === null) await standBy(state);
      else await publishNext(state);
    } catch (error) {
      if (!isOutside(error)) throw error;
      await onFailure(state, error);
    }
  }
  await discardWriter(state);
}

/** The outside world failing, as adapters of the log say it; anything else is a bug. */
function isOutside(error: unknown): error is { readonly code: string; readonly message: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

/** On any doubt the writer is thrown away: the tail says what was written. */
async function onFailure(
  state: State,
  error: { readonly code: string; readonly message: string },
): Promise<void> {
  const { telemetry, validators, self } = state.options;
  telemetry.count('publish_failures_total', { code: error.code });
  telemetry.log('warn', 'the log refused', { code: error.code, detail: error.message });
  const hadWriter = state.writer !== null;
  await discardWriter(state);
  state.missingSinceMs = null;
  // An append that went through has set this to nothing.
  if (hadWriter) state.fruitless++;
  if (error.code === 'fenced') {
    // One rank for all who were fenced would let them take over from each other for ever.
    state.rank = validators + self;
    return;
  }
  await pause(state, state.retryMs);
  state.retryMs = Math.min(state.retryMs * 2, PUBLISH_RETRY_MS_MAX);
}

async function discardWriter(state: State): Promise<void> {
  const { writer } = state;
  state.writer = null;
  if (writer === null) return;
  try {
    await writer.close();
  } catch (error) {
    if (!isOutside(error)) throw error;
    state.options.telemetry.count('publish_failures_total', { code: error.code });
  }
}

function tailOptions(state: State): TailOptions {
  const { log, topics, shard, eventPartitions, source } = state.options;
  return { reader: log.reader, topics, shard, eventPartitions, source, from: state.tail };
}

/**
 * Watches the log. Takes over when a height that is certified here has been missing for rank times
 * half a second, doubled after each take-over without progress, while the log answers.
 */
async function standBy(state: State): Promise<void> {
  const { source, timer } = state.options;
  const before = state.tail.height;
  state.tail = await followBlocks(tailOptions(state));
  if (state.tail.height > before) state.fruitless = 0;
  const isMissing = source.certifiedTip() > state.tail.height;
  if (!isMissing || state.tail.height > before) {
    state.missingSinceMs = isMissing ? timer.nowMs() : null;
    if (!isMissing) return pause(state, PUBLISH_TAKEOVER_MS);
  }
  state.missingSinceMs ??= timer.nowMs();
  const waitMs = state.rank * PUBLISH_TAKEOVER_MS * 2 ** Math.min(state.fruitless, 6);
  const leftMs = state.missingSinceMs + waitMs - timer.nowMs();
  if (leftMs > 0) return pause(state, Math.min(leftMs, PUBLISH_TAKEOVER_MS));
  await takeOver(state);
}

async function takeOver(state: State): Promise<void> {
  const { log, writerId, telemetry } = state.options;
  state.writer = await log.openWriter(writerId);
  state.tail = await readTail(tailOptions(state));
  state.missingSinceMs = null;
  telemetry.count('publish_takeovers_total');
  telemetry.log('info', 'publishing', { fromHeight: state.tail.height + 1 });
}

/** Appends what is certified and missing, in one transaction within the bounds. */
async function publishNext(state: State): Promise<void> {
  const { source, telemetry, timer } = state.options;
  if (source.certifiedTip() <= state.tail.height) return pause(state, PUBLISH_TAKEOVER_MS);
  const { records, upTo } = await gather(state);
  assert(state.writer !== null, 'only the active publisher appends');
  const startedMs = timer.nowMs();
  await state.writer.append(records);
  state.tail = { height: upTo, blocksOffset: state.tail.blocksOffset };
  state.retryMs = PUBLISH_RETRY_MS_MIN;
  state.fruitless = 0;
  state.rank = 0;
  telemetry.observe('publish_append_seconds', (timer.nowMs() - startedMs) / 1000);
  telemetry.count('published_records_total', {}, records.length);
  telemetry.gauge('published_height', upTo);
}

async function gather(state: State): Promise<{ records: LogRecord[]; upTo: number }> {
  const { source, topics, timer } = state.options;
  const records: LogRecord[] = [];
  let sizeBytes = 0;
  let upTo = state.tail.height;
  const tip = source.certifiedTip();
  while (upTo < tip && upTo - state.tail.height < PUBLISH_GROUP_HEIGHTS_MAX) {
    const height = await source.height(upTo + 1);
    assert(height !== null, `height ${upTo + 1} is certified and not held`);
    const isDue = timer.nowMs() - state.lastMarkMs >= PUBLISH_IDLE_MARK_MS;
    const emptyMarks = isDue ? 'all' : 'none';
    const own = recordsOfHeight({ height, topics, emptyMarks, keyOf: eventKey });
    const ownBytes = own.reduce((sum, { value }) => sum + value.length, 0);
    if (records.length > 0 && sizeBytes + ownBytes > PUBLISH_GROUP_BYTES_MAX) break;
    if (own.length > 1) state.lastMarkMs = timer.nowMs();
    records.push(...own);
    sizeBytes += ownBytes;
    upTo++;
  }
  return { records, upTo };
}
