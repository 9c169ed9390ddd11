import { assert } from '../../schemas/kernel/assert.js';
import {
  PUBLISH_BACKLOG_HEIGHTS_MAX,
  PUBLISH_CONFIRM_MS,
  PUBLISH_FENCED_MAX,
  PUBLISH_HELPLESS_MS,
  PUBLISH_IDLE_MARK_MS,
  PUBLISH_LAG_MS_MAX,
  PUBLISH_RETRY_MS_MAX,
  PUBLISH_RETRY_MS_MIN,
  PUBLISH_TAKEOVER_MS,
  PUBLISH_TAKEOVER_STEPS,
} from '../../schemas/limits.js';
import type { LogWriter } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { type CertifiedTimes, createCertifiedTimes } from './certifiedTimes.js';
import { type FollowOptions, followLog, isOutside, type LogFollower } from './followLog.js';
import { gatherRecords } from './gatherRecords.js';
import { logTail } from './logTail.js';
import { takeOverDueMs, takeOverSteps } from './takeOverRule.js';

export interface PublisherOptions extends Omit<FollowOptions, 'onNews'> {
  /** Own index among the validators. */
  readonly self: number;
  /** Same for all publishers of the shard: opening it fences the one before. */
  readonly writerId: string;
  /** Certified heights that may be missing from the log; default PUBLISH_BACKLOG_HEIGHTS_MAX. */
  readonly backlogHeightsMax?: number;
  /** Told once, and nothing is written after it: recovery keys have begun a later epoch. */
  onSuperseded(epoch: number): void;
}

export interface Publisher {
  /** A height has become certified. */
  onCertified(): void;
  /** Everything up to this height was read back from the log; 0 before that was looked at. */
  publishedHeight(): number;
  /** So much is missing from the log that nothing more should be taken in. */
  isBackedUp(): boolean;
  isActive(): boolean;
  /** Ends after the append under way. */
  stop(): Promise<void>;
}

/** What an active publisher has of the log. */
interface Tenure {
  readonly writer: LogWriter;
  /** Everything up to here stood in the log, or was appended since. */
  upTo: number;
  hasProgressed: boolean;
  lastMarkMs: number;
  /** The oldest append that was not read back yet. */
  unconfirmed: { readonly height: number; readonly sinceMs: number } | null;
  /** Looks in a row at which somebody else had written what was ours to write. */
  overtaken: number;
  /** Appends that somebody else had written too, and sooner. */
  outrun: number;
}

interface State {
  readonly options: PublisherOptions;
  readonly follower: LogFollower;
  readonly certified: CertifiedTimes;
  /** Read back from the log. */
  tail: number;
  /** Certified heights when that was found out: of higher ones the log may hold some already. */
  lookedUpTo: number;
  /** From where a backlog is counted before the log was read. */
  readonly startedAt: number;
  tenure: Tenure | null;
  stopping: boolean;
  /** Who wrote last, and since when nobody else has, as far as was seen. */
  active: number | null;
  activeSinceMs: number;
  progressAtMs: number;
  /** Since when the log has answered; null while it does not. */
  answeringSinceMs: number | null;
  /** The log did not answer for a while, and has got no further since: its publisher goes first. */
  isBack: boolean;
  /** How long an append took lately, whether it came to its end or was fenced away. */
  appendMs: number;
  /** Take-overs without progress: each doubles the wait of the next. */
  fruitless: number;
  /** Since heights last came in calmly. */
  fencedInARow: number;
  /** When this validator was fenced, or a height had been missing for long when it came. */
  troubledAtMs: number;
  /** After an append that failed for other reasons this validator may go on at once. */
  resumes: boolean;
  /** Code of the failure that keeps it from writing, told once. */
  lastRefusal: string | null;
  retryMs: number;
  wake: (() => void) | null;
}

/** Publishes certified heights, each once, as one of all the validators that could. */
export function startPublisher(options: PublisherOptions): Publisher {
  const { source, timer, backlogHeightsMax = PUBLISH_BACKLOG_HEIGHTS_MAX } = options;
  const nowMs = timer.nowMs();
  const state: State = {
    options,
    follower: followLog({ ...options, onNews: () => state.wake?.() }),
    certified: createCertifiedTimes(),
    tail: 0,
    lookedUpTo: 0,
    startedAt: source.certifiedTip(),
    tenure: null,
    stopping: false,
    active: null,
    activeSinceMs: nowMs,
    progressAtMs: nowMs,
    answeringSinceMs: null,
    isBack: false,
    appendMs: 0,
    fruitless: 0,
    fencedInARow: 0,
    troubledAtMs: Number.NEGATIVE_INFINITY,
    resumes: false,
    lastRefusal: null,
    retryMs: PUBLISH_RETRY_MS_MIN,
    wake: null,
  };
  const onCertified = (): void => {
    state.certified.certified(source.certifiedTip(), timer.nowMs());
    state.wake?.();
  };
  onCertified();
  const ended = run(state);
  return {
    onCertified,
    publishedHeight: () => state.tail,
    isBackedUp: () =>
      source.certifiedTip() - Math.max(state.tail, state.startedAt) > backlogHeightsMax,
    isActive: () => state.tenure !== null,
    async stop() {
      state.stopping = true;
      state.wake?.();
      await ended;
    },
  };
}

/** Until something new is known, or for `delayMs`. */
function pause(state: State, delayMs: number): Promise<void> {
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

async function run(state: State): Promise<void> {
  const { options } = state;
  while (!state.stopping) {
    try {
      await look(state);
      const { successor } = state.follower.progress;
      if (successor !== null) {
        options.onSuperseded(successor.epoch);
        break;
      }
      if (state.tenure === null) await standBy(state);
      else await publishNext(state, state.tenure);
    } catch (error) {
      if (!isOutside(error)) throw error;
      await onFailure(state, error);
    }
  }
  await discardWriter(state);
  await state.follower.stop();
}

/** What the follower has learned since. False when the end of the log is not known just now. */
async function look(state: State): Promise<boolean> {
  const { follower, options, certified } = state;
  const { source, timer, telemetry } = options;
  if (follower.isFollowing) state.answeringSinceMs ??= timer.nowMs();
  else if (state.answeringSinceMs !== null) onSilence(state, null);
  const heights = follower.isFollowing ? follower.progress.heights() : null;
  if (heights === null) return false;
  const certifiedTip = source.certifiedTip();
  const tail = await logTail(heights, source, certifiedTip);
  state.lookedUpTo = certifiedTip;
  const { lastPublisher } = follower.progress;
  if (lastPublisher !== state.active) {
    state.active = lastPublisher;
    state.activeSinceMs = timer.nowMs();
  }
  if (tail >= certifiedTip) {
    state.fruitless = 0;
    forgiveFences(state);
  }
  if (tail === state.tail) return true;
  if (tail > state.tail) onProgress(state, tail);
  state.tail = tail;
  certified.forget(tail);
  telemetry.gauge('published_height', tail);
  return true;
}

/** The log did not answer, and does since `answeringSinceMs`, if it does. */
function onSilence(state: State, answeringSinceMs: number | null): void {
  state.answeringSinceMs = answeringSinceMs;
  state.isBack = true;
}

/**
 * The log got further. Who was fenced away by one that keeps up was fenced away by an honest one.
 */
function onProgress(state: State, tail: number): void {
  const { certified, options, answeringSinceMs } = state;
  const nowMs = options.timer.nowMs();
  const missedMs = (height: number): number =>
    nowMs - Math.max(certified.of(height), answeringSinceMs ?? nowMs);
  const patienceMs = 2 * Math.max(PUBLISH_TAKEOVER_MS, state.appendMs);
  if (missedMs(state.tail + 1) >= patienceMs) state.troubledAtMs = nowMs;
  if (missedMs(tail) < PUBLISH_LAG_MS_MAX) forgiveFences(state);
  state.progressAtMs = nowMs;
  state.isBack = false;
}

/**
 * Once heights have come in calmly for a while: one append that comes through between two fences is
 * no progress, or somebody who fences all the time could stop everybody for as long as he likes.
 */
function forgiveFences(state: State): void {
  const calmMs = state.options.timer.nowMs() - state.troubledAtMs;
  if (calmMs >= PUBLISH_LAG_MS_MAX) state.fencedInARow = 0;
}

/** On any doubt the writer is thrown away: what was written is read back. */
async function onFailure(
  state: State,
  error: { readonly code: string; readonly message: string },
): Promise<void> {
  const { telemetry, timer } = state.options;
  const { tenure } = state;
  const isFenced = error.code === 'fenced';
  telemetry.count('publish_failures_total', { code: error.code });
  if (tenure !== null) {
    telemetry.log('warn', 'no longer publishing', { code: error.code, detail: error.message });
    if (!tenure.hasProgressed) state.fruitless++;
  } else if (!isFenced && state.lastRefusal !== error.code) {
    telemetry.log('warn', 'cannot publish', { code: error.code, detail: error.message });
    state.lastRefusal = error.code;
  }
  await discardWriter(state);
  if (isFenced) {
    state.fencedInARow++;
    // From now on it writes alone, and has nobody to wait for whom it would fence.
    if (state.fencedInARow === PUBLISH_FENCED_MAX) state.fruitless = 0;
    state.troubledAtMs = timer.nowMs();
    state.resumes = false;
    state.activeSinceMs = timer.nowMs();
    return;
  }
  state.resumes ||= tenure !== null;
  await pauseFor(state, state.retryMs);
  state.retryMs = Math.min(state.retryMs * 2, PUBLISH_RETRY_MS_MAX);
}

/** For all of `delayMs`, whatever is news meanwhile. */
async function pauseFor(state: State, delayMs: number): Promise<void> {
  const { timer } = state.options;
  const untilMs = timer.nowMs() + delayMs;
  while (!state.stopping && timer.nowMs() < untilMs) await pause(state, untilMs - timer.nowMs());
}

async function discardWriter(state: State): Promise<void> {
  const { tenure, options } = state;
  state.tenure = null;
  if (tenure === null) return;
  try {
    await tenure.writer.close();
  } catch (error) {
    if (!isOutside(error)) throw error;
    options.telemetry.count('publish_failures_total', { code: error.code });
  }
}

/** When this validator may take over; infinite while nothing is missing. */
function dueMs(state: State): number {
  const { self, keys } = state.options;
  const { tail, certified, active, activeSinceMs, progressAtMs, appendMs } = state;
  const { fruitless, follower, answeringSinceMs } = state;
  const marked = follower.progress.heights()?.events ?? 0;
  const tip = state.lookedUpTo;
  // Marks of heights at which nothing happened come seldom, and by themselves.
  const isBehind = tail < tip;
  if (!isBehind && marked >= tip) return Number.POSITIVE_INFINITY;
  const certifiedAtMs = isBehind ? certified.of(tail + 1) : progressAtMs + 2 * PUBLISH_IDLE_MARK_MS;
  if (isBehind && state.resumes) return certifiedAtMs;
  const isUnseen = active === null && state.fencedInARow > 0;
  // Somebody writes whom no mark shows yet: then even the first has to wait.
  const line = takeOverSteps(self, keys.validators.length, active) + (isUnseen ? 1 : 0);
  // While the log was away nobody could write: all at once would fence one another, and the one
  // who was writing, who is most likely still there.
  const isOthers = active !== null && active !== self;
  const steps = line + (state.isBack && isOthers ? PUBLISH_TAKEOVER_STEPS : 0);
  const missingSinceMs = Math.max(certifiedAtMs, answeringSinceMs ?? certifiedAtMs);
  const seen = { missingSinceMs, activeSinceMs, progressAtMs, appendMs };
  return takeOverDueMs({ steps, fruitless, ...seen });
}

/** Watches the log, and takes over when it is this validator's turn while the log answers. */
async function standBy(state: State): Promise<void> {
  const { follower, options } = state;
  const { timer, telemetry } = options;
  const { conflict } = follower.progress;
  if (conflict !== null) {
    telemetry.log('error', 'the log holds two certified histories', { conflict });
    return pauseFor(state, PUBLISH_HELPLESS_MS);
  }
  if (!follower.isFollowing) return pause(state, PUBLISH_TAKEOVER_MS);
  const leftMs = dueMs(state) - timer.nowMs();
  if (leftMs > 0) return pause(state, Math.min(leftMs, PUBLISH_TAKEOVER_MS));
  const before = state.tail;
  const askedAtMs = timer.nowMs();
  await follower.catchUp();
  // A log between two leaders refuses nothing: it only lets wait.
  const wasSilent = timer.nowMs() - askedAtMs >= PUBLISH_TAKEOVER_MS;
  if (wasSilent) onSilence(state, timer.nowMs());
  await look(state);
  const isDue = state.tail === before && dueMs(state) <= timer.nowMs();
  if (isDue && !state.stopping) await takeOver(state);
}

async function takeOver(state: State): Promise<void> {
  const { follower, options } = state;
  const { log, writerId, self, telemetry, timer } = options;
  const isAlone = state.fencedInARow >= PUBLISH_FENCED_MAX;
  const writer = await log.openWriter(isAlone ? `${writerId}.${self}` : writerId);
  state.tenure = {
    writer,
    upTo: 0,
    hasProgressed: false,
    lastMarkMs: Number.NEGATIVE_INFINITY,
    unconfirmed: null,
    overtaken: 0,
    outrun: 0,
  };
  state.lastRefusal = null;
  // Only now nobody else can write under this id: what stands in the log now is what there is.
  await follower.catchUp();
  if (!(await look(state))) throw new LogError('unreachable', 'the log has stopped answering');
  state.tenure.upTo = state.tail;
  state.activeSinceMs = timer.nowMs();
  telemetry.count('publish_takeovers_total');
  telemetry.log('info', 'publishing', { fromHeight: state.tail + 1, isAlone });
}

/** Appends what is certified and missing, in one transaction within the bounds. */
async function publishNext(state: State, tenure: Tenure): Promise<void> {
  const { options, follower } = state;
  const { source, topics, self, telemetry, timer } = options;
  await confirm(state, tenure);
  if (await standsDown(state, tenure)) return;
  if (state.lookedUpTo <= tenure.upTo) {
    // A height certified since may stand there, written by one who had it sooner: look first.
    if (follower.isFollowing && source.certifiedTip() > state.lookedUpTo) return;
    return pause(state, PUBLISH_TAKEOVER_MS);
  }
  const startedMs = timer.nowMs();
  const gathered = await gatherRecords({
    source,
    topics,
    publisher: self,
    fromHeight: tenure.upTo + 1,
    idleMarksDue: startedMs - tenure.lastMarkMs >= PUBLISH_IDLE_MARK_MS,
  });
  if (gathered === null) return giveUp(state, tenure);
  const { records, upTo, marksAll } = gathered;
  assert(upTo > tenure.upTo, 'a group goes on where the last one ended');
  await timed(state, tenure.writer.append(records));
  tenure.upTo = upTo;
  tenure.hasProgressed = true;
  tenure.overtaken = 0;
  tenure.unconfirmed ??= { height: upTo, sinceMs: timer.nowMs() };
  if (marksAll) tenure.lastMarkMs = startedMs;
  state.retryMs = PUBLISH_RETRY_MS_MIN;
  state.fruitless = 0;
  forgiveFences(state);
  state.resumes = false;
  telemetry.observe('publish_append_seconds', (timer.nowMs() - startedMs) / 1000);
  telemetry.count('published_records_total', {}, records.length);
}

/** Remembers how long an append takes; a slow one counts for half by the next. */
async function timed(state: State, append: Promise<void>): Promise<void> {
  const { timer } = state.options;
  const startedMs = timer.nowMs();
  try {
    await append;
  } finally {
    state.appendMs = Math.max(timer.nowMs() - startedMs, state.appendMs / 2);
  }
}

/** What was appended must come back; what does not was lost on the way. @throws LogError */
async function confirm(state: State, tenure: Tenure): Promise<void> {
  const { unconfirmed } = tenure;
  const { timer } = state.options;
  if (unconfirmed === null) return;
  if (state.tail >= unconfirmed.height) {
    const isAll = state.tail >= tenure.upTo;
    if (state.active !== state.options.self) tenure.outrun++;
    tenure.unconfirmed = isAll ? null : { height: tenure.upTo, sinceMs: timer.nowMs() };
    return;
  }
  if (timer.nowMs() - unconfirmed.sinceMs < PUBLISH_CONFIRM_MS) return;
  await state.follower.catchUp();
  await look(state);
  if (state.tail >= unconfirmed.height) return;
  const lost = `height ${unconfirmed.height} was appended, and cannot be read`;
  throw new LogError('failed', lost);
}

const OVERTAKEN_MAX = 3;

/** Leaves the log to somebody else who writes it as well, and is ahead or as fast. */
async function standsDown(state: State, tenure: Tenure): Promise<boolean> {
  if (state.tail > tenure.upTo) {
    tenure.upTo = state.tail;
    tenure.overtaken++;
  }
  if (Math.max(tenure.overtaken, tenure.outrun) < OVERTAKEN_MAX) return false;
  state.options.telemetry.log('info', 'somebody else publishes', { upTo: state.tail });
  state.fencedInARow = 0;
  await discardWriter(state);
  return true;
}

/** The log lacks what this validator does not hold any more; another one must write it. */
async function giveUp(state: State, tenure: Tenure): Promise<void> {
  const { telemetry } = state.options;
  const height = tenure.upTo + 1;
  telemetry.count('publish_failures_total', { code: 'unheld' });
  telemetry.log('error', 'the log lacks a height that is not held here', { height });
  state.fruitless++;
  await discardWriter(state);
  await pauseFor(state, PUBLISH_HELPLESS_MS);
}
