import { eventHash, eventHashes } from '../../schemas/crypto/digests.js';
import { SHA256_BYTES } from '../../schemas/crypto/sha256.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { LowestFirst } from './lowestFirst.js';

/** An event that no certified mark has listed yet; not decoded before one has. */
export interface Candidate {
  /** What its bytes say. */
  readonly height: number;
  readonly value: Uint8Array;
  readonly offset: bigint;
}

interface Held extends Candidate {
  /** Of its partition, up to it. */
  readonly readBytes: number;
  /** False for one that has left; its place in the queue is cut off later. */
  isHeld: boolean;
}

/** Stale entries at the head of a queue or list that are carried along before they are cut off. */
const QUEUE_SLACK = 1024;

/**
 * The candidates of one height. An honest log has them in the order of their mark and each once, so
 * they are a list that nobody hashes before the mark has come, and then all of them together. They
 * are named by their hashes from when a mark says something else.
 */
class HeightCandidates {
  #list: Held[] | null = [];
  /** Of the list: those before it have left. */
  #first = 0;
  /** Null while they are a list: somebody may invent an event of each of many heights. */
  #names: Map<string, Held> | null = null;

  get size(): number {
    return this.#list === null ? this.#named.size : this.#list.length - this.#first;
  }

  get #named(): Map<string, Held> {
    return present(this.#names, 'names');
  }

  /** The one with the same hash that this one takes the place of, if they have names. */
  add(held: Held): Held | undefined {
    if (this.#list !== null) {
      this.#list.push(held);
      return undefined;
    }
    const name = byteKey(eventHash(held.value));
    const older = this.#named.get(name);
    this.#named.set(name, held);
    return older;
  }

  /** Those with these hashes, in their order. Of repeats the last one stays, once it is known. */
  find(hashes: readonly Uint8Array[]): readonly (Held | undefined)[] {
    if (this.#list !== null) {
      const list = this.#first === 0 ? this.#list : this.#list.slice(this.#first);
      const digests = eventHashes(list.map(({ value }) => value));
      if (areDigests(digests, hashes)) return list;
      this.#nameAll(list, digests);
    }
    return hashes.map((hash) => this.#named.get(byteKey(hash)));
  }

  /** Takes away the one that was added first of those that are left. */
  deleteOldest(held: Held): void {
    if (this.#list === null) {
      this.#named.delete(byteKey(eventHash(held.value)));
      return;
    }
    assert(this.#list[this.#first] === held, 'the first of a height is its oldest');
    this.#first += 1;
    if (this.#first <= QUEUE_SLACK || this.#first * 2 <= this.#list.length) return;
    this.#list = this.#list.slice(this.#first);
    this.#first = 0;
  }

  /** Says how many there were. */
  leave(): number {
    for (const held of this.#list ?? this.#named.values()) held.isHeld = false;
    return this.size;
  }

  #nameAll(list: readonly Held[], digests: Uint8Array): void {
    const names = new Map<string, Held>();
    for (const [place, held] of list.entries()) {
      const name = byteKey(digests.subarray(place * SHA256_BYTES, (place + 1) * SHA256_BYTES));
      const older = names.get(name);
      if (older !== undefined) older.isHeld = false;
      names.set(name, held);
    }
    this.#names = names;
    this.#list = null;
  }
}

/** Whether hashes are these digests, which stand one behind the other. */
function areDigests(digests: Uint8Array, hashes: readonly Uint8Array[]): boolean {
  if (digests.length !== hashes.length * SHA256_BYTES) return false;
  for (let place = 0; place < hashes.length; place++) {
    const hash = hashes[place]!;
    const at = place * SHA256_BYTES;
    for (let i = 0; i < SHA256_BYTES; i++) if (hash[i] !== digests[at + i]) return false;
  }
  return true;
}

/**
 * The candidates of one partition: those of the last `windowBytes` of its log, `eventsMax` at most.
 * The oldest go first, so that junk can neither fill memory nor pin the place where reading starts
 * over.
 */
export class CandidateWindow {
  readonly #windowBytes: number;
  readonly #eventsMax: number;
  readonly #onDropped: (reason: 'never listed' | 'repeat', count: number) => void;
  readonly #ofHeight = new Map<number, HeightCandidates>();
  /** Of `#ofHeight`, and of some that have left it. */
  readonly #heights = new LowestFirst();
  #queue: Held[] = [];
  #head = 0;
  #readBytes = 0;
  #size = 0;

  constructor(
    windowBytes: number,
    eventsMax: number,
    onDropped: (reason: 'never listed' | 'repeat', count: number) => void,
  ) {
    this.#windowBytes = windowBytes;
    this.#eventsMax = eventsMax;
    this.#onDropped = onDropped;
  }

  /** Every record read counts, kept or not; what is too far behind goes. */
  advance(bytes: number): void {
    this.#readBytes += bytes;
    const floor = this.#readBytes - this.#windowBytes;
    for (;;) {
      const oldest = this.#oldest();
      if (oldest === null || oldest.readBytes >= floor) return;
      this.#evict(oldest);
    }
  }

  /** Entries of the queue, those included that are no candidates any more. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** Where the same event is known to be held, the newer copy is the one that stays. */
  add(height: number, value: Uint8Array, offset: bigint): void {
    let events = this.#ofHeight.get(height);
    if (events === undefined) {
      this.#ofHeight.set(height, (events = new HeightCandidates()));
      this.#heights.add(height);
    }
    const held = { height, value, offset, readBytes: this.#readBytes, isHeld: true };
    const older = events.add(held);
    this.#queue.push(held);
    if (older !== undefined) {
      older.isHeld = false;
      this.#onDropped('repeat', 1);
      this.#cutStale();
      return;
    }
    this.#size += 1;
    if (this.#size > this.#eventsMax) this.#evict(present(this.#oldest(), 'the oldest'));
  }

  /** The events of a height with these hashes, in their order; undefined where one is not held. */
  find(height: number, hashes: readonly Uint8Array[]): readonly (Candidate | undefined)[] {
    const events = this.#ofHeight.get(height);
    if (events === undefined) return hashes.map(() => undefined);
    const before = events.size;
    const found = events.find(hashes);
    const repeats = before - events.size;
    if (repeats > 0) {
      this.#size -= repeats;
      this.#onDropped('repeat', repeats);
      this.#cutStale();
    }
    return found;
  }

  /** Drops everything at or below a height; says how many. */
  dropThrough(height: number): number {
    let dropped = 0;
    for (;;) {
      const lowest = this.#heights.lowest;
      if (lowest === undefined || lowest > height) break;
      this.#heights.takeLowest();
      dropped += this.#ofHeight.get(lowest)?.leave() ?? 0;
      this.#ofHeight.delete(lowest);
    }
    this.#size -= dropped;
    this.#cutStale();
    return dropped;
  }

  /** Offset of the oldest candidate held; null when there is none. */
  oldestOffset(): bigint | null {
    return this.#oldest()?.offset ?? null;
  }

  clear(): void {
    this.#ofHeight.clear();
    this.#heights.keep([]);
    this.#queue = [];
    this.#head = 0;
    this.#size = 0;
  }

  #oldest(): Held | null {
    while (this.#head < this.#queue.length) {
      const held = present(this.#queue[this.#head], 'head of the queue');
      if (held.isHeld) return held;
      this.#head += 1;
      if (this.#head > QUEUE_SLACK && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
    }
    return null;
  }

  /** Events that leave without end behind one that stays would fill the queue. */
  #cutStale(): void {
    this.#oldest();
    if (this.#queue.length - this.#head <= 2 * this.#size + QUEUE_SLACK) return;
    this.#queue = this.#queue.slice(this.#head).filter(({ isHeld }) => isHeld);
    this.#head = 0;
  }

  #evict(held: Held): void {
    held.isHeld = false;
    this.#size -= 1;
    const events = present(this.#ofHeight.get(held.height), 'the height of one that is held');
    events.deleteOldest(held);
    if (events.size === 0) this.#forgetHeight(held.height);
    this.#onDropped('never listed', 1);
  }

  /** Somebody may invent heights without end: those that have left are cut off in time. */
  #forgetHeight(height: number): void {
    this.#ofHeight.delete(height);
    if (this.#heights.size <= 2 * this.#ofHeight.size + QUEUE_SLACK) return;
    this.#heights.keep([...this.#ofHeight.keys()]);
  }
}
