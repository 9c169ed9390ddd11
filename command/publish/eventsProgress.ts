import { decode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { verifyHeightMark } from '../../schemas/crypto/eventsRoot.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import {
  FOLLOWED_WINDOW_BYTES,
  FOLLOWED_WINDOW_EVENTS_MAX,
  MAX_FRAME_BYTES,
} from '../../schemas/limits.js';
import type { LogRecord } from '../../schemas/log.js';
import type { HeightMark } from '../../schemas/types/event.js';
import type { PublishableHeight } from '../ports.js';
import { mayBeMark } from './markKey.js';
import { nextOwnRecords, type OwnRecords, takeOwnRecord } from './ownRecords.js';

/**
 * How far every reader of one events partition gets, by a rule that never says more than the
 * reader's own (DESIGN section 6): a mark counts when it is proven, continues what was reached, and
 * all events that it lists stand after what was reached or within a reader's window before it. What
 * stands in another order counts as missing and is written again, which readers drop as a repeat.
 * Events are not decoded, only hashed; and where the log goes on as this validator's own certified
 * heights do, which it nearly always does, they are compared instead.
 */
export interface EventsProgress {
  /** Null until a mark was found where reading began in the middle of the log. */
  readonly reached: number | null;
  /** Total. Returns the mark that moved it on; null for everything else. */
  read(record: Pick<LogRecord, 'key' | 'value'>): CountedMark | null;
}

type CountedMark = Pick<HeightMark, 'height'>;

interface State {
  readonly keys: EpochKeys;
  readonly partition: number;
  readonly partitions: number;
  readonly verifier: SignatureVerifier;
  reached: number | null;
  /** Bytes of the log read so far. */
  readBytes: number;
  /** Hashes of events that no counted mark has listed, with `readBytes` then; oldest first. */
  readonly seen: RecentMap<string, number>;
  /** The next mark, proven, and what it lists that was not seen yet. */
  waiting: { readonly mark: HeightMark; readonly missing: Set<string> } | null;
  readonly own: (height: number) => PublishableHeight | null;
  /** What was compared since the last mark that counts, and was not hashed. */
  records: OwnRecords | null;
  /** The log goes on differently, until the next mark that counts. */
  isAstray: boolean;
}

/** `reached`: 0 when reading begins with the log itself, null to begin at the first proven mark. */
export function createEventsProgress(options: {
  readonly keys: EpochKeys;
  readonly partition: number;
  readonly partitions: number;
  readonly verifier: SignatureVerifier;
  readonly reached: 0 | null;
  /** A certified height of this validator's own, if it is at hand. */
  readonly own: (height: number) => PublishableHeight | null;
}): EventsProgress {
  const state: State = {
    ...options,
    readBytes: 0,
    seen: new RecentMap(),
    waiting: null,
    records: null,
    isAstray: false,
  };
  return {
    get reached() {
      return state.reached;
    },
    read: (record) => read(state, record),
  };
}

function read(state: State, { key, value }: Pick<LogRecord, 'key' | 'value'>): CountedMark | null {
  state.readBytes += value.length;
  if (!mayBeMark(key)) return isNextOwn(state, value) ? null : readEvent(state, value);
  const own = readOwnMark(state, value);
  if (own !== null) return own;
  const decoded = decode('EventsRecord', value, MAX_FRAME_BYTES);
  if (!decoded.ok) return null;
  const { body } = decoded.value;
  if (body.kind === 'EventEnvelope') return readEvent(state, value);
  return body.kind === 'HeightMark' ? readMark(state, body) : null;
}

/** Whether it is the next event by the own heights: then nothing else has to be known of it. */
function isNextOwn(state: State, value: Uint8Array): boolean {
  const { isAstray, waiting, reached, own, partition } = state;
  if (isAstray || waiting !== null || reached === null) return false;
  state.records ??= nextOwnRecords(own, partition, reached);
  if (state.records !== null && takeOwnRecord(state.records, value)) return true;
  goAstray(state, value.length);
  return false;
}

/** The mark behind all events of the next own height; null for every other record. */
function readOwnMark(state: State, value: Uint8Array): CountedMark | null {
  const { records, partition, keys, verifier } = state;
  if (records === null) return null;
  const { height, marks, values, count } = records;
  if (count === values.length && marks.isProven(partition, value, keys, verifier)) {
    return reach(state, { height, eventHashes: marks.eventHashes(partition) });
  }
  if (count > 0) goAstray(state, value.length);
  return null;
}

/** What was only compared is remembered as if it had been hashed; the current record apart. */
function goAstray(state: State, currentBytes: number): void {
  const { records } = state;
  state.isAstray = true;
  state.records = null;
  if (records === null) return;
  let atBytes = state.readBytes - currentBytes - records.sizeBytes;
  for (const value of records.values.slice(0, records.count)) {
    atBytes += value.length;
    remember(state, byteKey(eventHash(value)), atBytes);
  }
}

function readEvent(state: State, value: Uint8Array): HeightMark | null {
  const name = byteKey(eventHash(value));
  const { waiting } = state;
  if (waiting?.missing.delete(name)) {
    return waiting.missing.size === 0 ? reach(state, waiting.mark) : null;
  }
  remember(state, name, state.readBytes);
  return null;
}

/** Bounded by what a reader keeps, and by number. */
function remember({ seen, readBytes }: State, name: string, atBytes: number): void {
  seen.delete(name);
  seen.set(name, atBytes);
  for (let oldest = seen.oldest(); oldest !== null; oldest = seen.oldest()) {
    const isKept = readBytes - oldest[1] < FOLLOWED_WINDOW_BYTES;
    if (isKept && seen.size <= FOLLOWED_WINDOW_EVENTS_MAX) return;
    seen.dropOldest();
  }
}

function readMark(state: State, mark: HeightMark): HeightMark | null {
  const { keys, partition, partitions, verifier, reached } = state;
  const isNext =
    mark.partition === partition &&
    (reached === null || (mark.height > reached && mark.previousHeight <= reached));
  if (!isNext || !verifyHeightMark(mark, keys, partitions, verifier)) return null;
  // Where reading began here, what the mark lists stands before it, unread and taken for granted.
  if (reached === null) return reach(state, mark);
  const missing = new Set<string>();
  for (const hash of mark.eventHashes) {
    const name = byteKey(hash);
    if (!isSeen(state, name)) missing.add(name);
  }
  if (missing.size === 0) return reach(state, mark);
  if (state.waiting === null || mark.height <= state.waiting.mark.height) {
    state.waiting = { mark, missing };
  }
  return null;
}

function isSeen({ seen, readBytes }: State, name: string): boolean {
  const atBytes = seen.get(name);
  return atBytes !== undefined && readBytes - atBytes < FOLLOWED_WINDOW_BYTES;
}

function reach<Mark extends Pick<HeightMark, 'height' | 'eventHashes'>>(
  state: State,
  mark: Mark,
): Mark {
  state.reached = mark.height;
  state.records = null;
  state.isAstray = false;
  if (state.waiting !== null && state.waiting.mark.height <= mark.height) state.waiting = null;
  if (state.seen.size > 0) for (const hash of mark.eventHashes) state.seen.delete(byteKey(hash));
  return mark;
}
