import { decode, decodeCertified } from '../../schemas/codec/codec.js';
import { eventHash, resultDigest } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { isKnownStart, keysAfter } from '../../schemas/crypto/epochStart.js';
import { verifyHeightMark } from '../../schemas/crypto/eventsRoot.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { assert, fail, present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { RecentMap } from '../../schemas/kernel/recentMap.js';
import { FOLLOWED_DIGESTS_KEPT, MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { EpochStart } from '../../schemas/types/block.js';
import type { HeightMark } from '../../schemas/types/event.js';
import type { CommittedEvent } from '../readModel.js';
import { type Candidate, CandidateWindow } from './candidateWindow.js';
import { type EventHead, readEventHead } from './eventHead.js';

/** How far an events partition is known. */
export interface EventsTip {
  /** Every event up to here has been committed. */
  readonly height: number;
  /** The last height at or below `height` with an event; 0 when none. */
  readonly lastEventHeight: number;
  /** Of the result at `height`. */
  readonly resultDigest: Uint8Array;
  /** Block time of `lastEventHeight`: marks carry none. */
  readonly timestampMs: number;
  /** Reading that starts here misses nothing that is still needed. */
  readonly position: bigint;
}

/** A height of the partition, proven whole. `events` is empty for a height without any. */
export interface CommittedMark {
  readonly mark: HeightMark;
  readonly events: readonly CommittedEvent[];
  readonly tip: EventsTip;
}

/** Why a record changes nothing: its writer is wrong, hostile, or repeats itself. */
export type EventsDropReason =
  | 'undecodable'
  | 'epoch start'
  | 'foreign partition'
  | 'repeat'
  | 'forged mark'
  | 'never listed'
  | 'too many marks';

export interface EventsFollowerOptions {
  readonly keys: EpochKeys;
  readonly partition: number;
  readonly partitions: number;
  readonly tip: EventsTip;
  readonly verifier: SignatureVerifier;
  readonly windowBytes: number;
  readonly windowEvents: number;
  readonly onDropped: (reason: EventsDropReason, count: number) => void;
}

/** The start of an epoch above what is known: whether it continues it is not known yet. */
interface HeldStart {
  readonly keys: EpochKeys;
  readonly offset: bigint;
}

interface PendingMark {
  readonly mark: HeightMark;
  readonly digest: Uint8Array;
  readonly offset: bigint;
  readonly sizeBytes: number;
}

/** All events that a mark lists, in its order, and how many of them stand in the window. */
interface Listed {
  readonly events: readonly Candidate[];
  readonly held: number;
}

/**
 * The reader's rule for one events partition (DESIGN section 6). Nothing in the log is trusted:
 * events wait as candidates until a mark proves them, a mark waits until the mark it continues is
 * reached. What a mark lists and the log has not shown is wanted: read once more from
 * `tip.position` (`takeReread`), then waited for. Two certified results at one height set
 * `conflict`, and nothing is committed any more. Owns its state; no clock, no I/O.
 */
export class EventsFollower {
  readonly #options: EventsFollowerOptions;
  /** Of all epochs that are known to have begun. */
  #keys: EpochKeys;
  /** The first one in the log that may be next. */
  #start: HeldStart | null = null;
  readonly #window: CandidateWindow;
  /** Proven marks above the tip, by ascending height. */
  #pending: PendingMark[] = [];
  #pendingBytes = 0;
  /** Listed by the lowest pending mark and not seen; what has been seen of it is in `#found`. */
  readonly #wanted = new Set<string>();
  readonly #found = new Map<string, Candidate>();
  /** Result digests of heights whose mark was proven, oldest first; bounded. */
  readonly #digests = new RecentMap<number, Uint8Array>(FOLLOWED_DIGESTS_KEPT);
  #tip: EventsTip;
  #conflict: string | null = null;
  #reread = false;
  #rereadHeight = 0;
  #marksLost = false;

  constructor(options: EventsFollowerOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#tip = options.tip;
    this.#remember(options.tip.height, options.tip.resultDigest);
    const { windowBytes, windowEvents } = options;
    this.#window = new CandidateWindow(windowBytes, windowEvents, options.onDropped);
  }

  get keys(): EpochKeys {
    return this.#keys;
  }

  get tip(): EventsTip {
    return this.#tip;
  }

  /** Why following ended for good; null while it goes on. */
  get conflict(): string | null {
    return this.#conflict;
  }

  /** Events that a proven mark lists and the log has not shown. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** A height with events, known from a proven mark, whose own mark is missing; null when none. */
  get hole(): number | null {
    const lowest = this.#pending[0];
    if (lowest === undefined || lowest.mark.previousHeight <= this.#tip.height) return null;
    return lowest.mark.previousHeight;
  }

  /** The highest height a quorum is known to have certified here. */
  get certifiedHeight(): number {
    return this.#pending.at(-1)?.mark.height ?? this.#tip.height;
  }

  /** True once, when the log must be read again from `tip.position`. Forgets the candidates. */
  takeReread(): boolean {
    if (!this.#reread) return false;
    this.#reread = false;
    this.#window.clear();
    return true;
  }

  /** Takes a record; returns the heights it completes, in order. Total. */
  read(value: Uint8Array, offset: bigint): readonly CommittedMark[] {
    if (this.#conflict !== null) return [];
    this.#window.advance(value.length);
    const head = readEventHead(value);
    if (head !== null) return this.#readEvent(head, value, offset);
    const decoded = decode('EventsRecord', value, MAX_FRAME_BYTES);
    if (!decoded.ok) return this.#drop('undecodable');
    const { body } = decoded.value;
    if (body.kind === 'EpochStart') return this.#readEpochStart(body, offset);
    assert(body.kind === 'HeightMark', 'events have a head');
    if (!this.#isOurs(body)) return this.#drop('foreign partition');
    return this.#readMark(body, value.length, offset);
  }

  #isOurs({ shard, partition }: { readonly shard: number; readonly partition: number }): boolean {
    return shard === this.#options.keys.shard && partition === this.#options.partition;
  }

  /**
   * The first start that continues what is known here counts; one above that waits until the marks
   * before it have come. What its quorum certified is dropped meanwhile, and read once more.
   */
  #readEpochStart(start: EpochStart, offset: bigint): readonly CommittedMark[] {
    if (isKnownStart(this.#keys, start)) return this.#drop('repeat');
    const keys = keysAfter(this.#keys, start, this.#options.verifier);
    if (keys === null || start.firstHeight <= this.#tip.height) return this.#drop('epoch start');
    if (this.#start !== null) return this.#drop('epoch start');
    this.#start = { keys, offset };
    this.#begin(offset);
    return [];
  }

  /** Whether a held start continues what is known; what does not is given up. */
  #begin(offset: bigint): void {
    if (this.#start === null) return;
    const { keys, offset: startOffset } = this.#start;
    const before = this.#digestAt(keys.firstHeight - 1);
    if (before === undefined && this.#tip.height < keys.firstHeight - 1) return;
    this.#start = null;
    if (before === undefined || !equalBytes(before, keys.continues.resultDigest)) {
      this.#drop('epoch start');
      return;
    }
    this.#keys = keys;
    if (offset > startOffset) this.#reread = true;
  }

  #readEvent(head: EventHead, value: Uint8Array, offset: bigint): readonly CommittedMark[] {
    if (!this.#isOurs(head)) return this.#drop('foreign partition');
    const { height } = head;
    if (height <= this.#tip.height) return this.#drop('repeat');
    if (this.#wanted.size > 0) {
      const name = byteKey(eventHash(value));
      if (this.#found.has(name)) return this.#drop('repeat');
      if (this.#wanted.delete(name)) {
        this.#found.set(name, copied({ height, value, offset }));
        return this.#wanted.size === 0 ? this.#commitPending(offset) : [];
      }
    }
    this.#window.add(height, value, offset);
    return [];
  }

  #readMark(mark: HeightMark, sizeBytes: number, offset: bigint): readonly CommittedMark[] {
    const digest = resultDigest(mark.certificate.result);
    const known = this.#digestAt(mark.height);
    const isOld = mark.height <= this.#tip.height;
    if (isOld && (known === undefined || equalBytes(known, digest))) return this.#drop('repeat');
    const { partitions, verifier } = this.#options;
    if (!verifyHeightMark(mark, this.#keys, partitions, verifier)) return this.#drop('forged mark');
    if (known !== undefined && equalBytes(known, digest)) return this.#drop('repeat');
    if (known !== undefined) return this.#halt(`two certified results at height ${mark.height}`);
    this.#hold({ mark, digest, offset, sizeBytes });
    const committed = this.#commitPending(offset);
    this.#begin(offset);
    return committed;
  }

  /** Keeps a proven mark in its place; past the bound the highest go, to be read again later. */
  #hold(pending: PendingMark): void {
    const above = this.#pending.findIndex(({ mark }) => mark.height > pending.mark.height);
    if (above === 0) this.#unwant();
    this.#pending.splice(above === -1 ? this.#pending.length : above, 0, pending);
    this.#pendingBytes += pending.sizeBytes;
    while (this.#pendingBytes > this.#options.windowBytes && this.#pending.length > 1) {
      const highest = present(this.#pending.pop(), 'highest pending mark');
      this.#pendingBytes -= highest.sizeBytes;
      this.#marksLost = true;
      this.#drop('too many marks');
    }
  }

  #commitPending(offset: bigint): readonly CommittedMark[] {
    const committed: CommittedMark[] = [];
    for (;;) {
      const lowest = this.#pending[0];
      if (lowest === undefined) break;
      const { height, previousHeight } = lowest.mark;
      if (previousHeight > this.#tip.height) break; // a hole: wait for the height it names
      if (previousHeight !== this.#tip.lastEventHeight) {
        const { lastEventHeight } = this.#tip;
        this.#halt(`${height} continues ${previousHeight}, certified after ${lastEventHeight}`);
        break;
      }
      const listed = this.#collect(lowest.mark);
      if (listed === null) break;
      committed.push(this.#commit(lowest, listed, offset));
    }
    if (this.#pending.length === 0 && this.#marksLost) {
      this.#marksLost = false;
      this.#reread = true;
    }
    return committed;
  }

  /**
   * All events that a mark lists, in its order; null when some are missing, which are wanted then.
   */
  #collect({ height, eventHashes }: HeightMark): Listed | null {
    const held = this.#window.find(height, eventHashes);
    // What a mark has had to wait for is not in the window; mostly there was no wait.
    const listed =
      this.#found.size === 0
        ? held
        : eventHashes.map((hash, place) => this.#found.get(byteKey(hash)) ?? held[place]);
    if (!listed.includes(undefined)) {
      const heldCount = listed === held ? held.length : held.filter(Boolean).length;
      return { events: listed as readonly Candidate[], held: heldCount };
    }
    for (const [place, hash] of eventHashes.entries()) {
      const name = byteKey(hash);
      const candidate = listed[place];
      if (candidate === undefined) this.#wanted.add(name);
      else if (!this.#found.has(name)) this.#found.set(name, copied(candidate));
    }
    if (this.#rereadHeight !== height) {
      this.#rereadHeight = height;
      this.#reread = true;
    }
    return null;
  }

  #commit(pending: PendingMark, listed: Listed, offset: bigint): CommittedMark {
    const { mark, digest, sizeBytes } = pending;
    const events = listed.events.map((candidate) => openListed(candidate, mark.height));
    this.#pending.shift();
    this.#pendingBytes -= sizeBytes;
    const unlisted = this.#window.dropThrough(mark.height) - listed.held;
    if (unlisted > 0) this.#options.onDropped('never listed', unlisted);
    this.#found.clear();
    this.#remember(mark.height, digest);
    this.#tip = {
      height: mark.height,
      lastEventHeight: events.length > 0 ? mark.height : this.#tip.lastEventHeight,
      resultDigest: digest,
      timestampMs: events[0]?.event.timestampMs ?? this.#tip.timestampMs,
      position: this.#position(offset),
    };
    return { mark, events, tip: this.#tip };
  }

  /** The oldest record still needed, or the one after `offset` when none is. */
  #position(offset: bigint): bigint {
    let position = this.#window.oldestOffset() ?? offset + 1n;
    if (this.#start !== null && this.#start.offset < position) position = this.#start.offset;
    for (const pending of this.#pending) if (pending.offset < position) position = pending.offset;
    return position;
  }

  /** A lower mark came in between: what was found for the next one waits in the window again. */
  #unwant(): void {
    this.#wanted.clear();
    for (const { height, value, offset } of this.#found.values()) {
      this.#window.add(height, value, offset);
    }
    this.#found.clear();
  }

  #digestAt(height: number): Uint8Array | undefined {
    const pending = this.#pending.find(({ mark }) => mark.height === height);
    return pending?.digest ?? this.#digests.get(height);
  }

  #remember(height: number, digest: Uint8Array): void {
    this.#digests.set(height, digest);
  }

  #drop(reason: EventsDropReason): readonly CommittedMark[] {
    this.#options.onDropped(reason, 1);
    return [];
  }

  #halt(reason: string): readonly CommittedMark[] {
    const { partition } = this.#options;
    this.#conflict = `events partition ${partition}: a quorum certified two histories: ${reason}`;
    return [];
  }
}

/**
 * What waits for others may wait for long, and its value is a view of all that was read with it.
 */
function copied(candidate: Candidate): Candidate {
  const { height, value, offset } = candidate;
  return { height, value: value.slice(), offset };
}

/** What a quorum certified, decoded now that it is known to be. */
function openListed({ value }: Candidate, height: number): CommittedEvent {
  const { body } = decodeCertified('EventsRecord', value);
  if (body.kind !== 'EventEnvelope') fail(`a ${body.kind} certified as an event`);
  if (body.height !== height) fail(`event of ${body.height} certified at ${height}`);
  return { event: body, value };
}
