import { present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';

/** An event that no certified mark has listed yet; not decoded before one has. */
export interface Candidate {
  readonly hash: Uint8Array;
  /** What its bytes say. */
  readonly height: number;
  readonly value: Uint8Array;
  readonly offset: bigint;
}

interface Held {
  readonly candidate: Candidate;
  readonly readBytes: number;
  /** False for one that has left; its place in the queue is cut off later. */
  isHeld: boolean;
}

/** Stale entries at the queue's head that are carried along before they are cut off. */
const QUEUE_SLACK = 1024;

/** 30 bits of a hash, which is an integer that no engine puts on the heap. */
function prefixOf(hash: Uint8Array): number {
  return (hash[0]! << 22) | (hash[1]! << 14) | (hash[2]! << 6) | (hash[3]! >> 2);
}

/**
 * The candidates of one height. An honest log has them in the order of their mark and each once, so
 * they are a list, and prefixes tell that all are different. They are named by their hashes from
 * when two prefixes meet or one leaves: a repeat, or somebody who has searched for such hashes.
 */
class HeightCandidates {
  #list: Held[] | null = [];
  /** Null while there is one at most: somebody may invent an event of each of many heights. */
  #prefixes: Set<number> | null = null;
  #named: Map<string, Held> | null = null;

  get size(): number {
    return this.#list === null ? this.#names.size : this.#list.length;
  }

  get #names(): Map<string, Held> {
    return (this.#named ??= new Map());
  }

  /** The one with the same hash that this one takes the place of. */
  add(held: Held): Held | undefined {
    const { hash } = held.candidate;
    if (this.#list !== null) {
      if (this.#isNew(hash, this.#list)) {
        this.#list.push(held);
        return undefined;
      }
      this.#nameAll(this.#list);
    }
    const name = byteKey(hash);
    const older = this.#names.get(name);
    this.#names.set(name, held);
    return older;
  }

  /** Whether its prefix, at least, is no other's. */
  #isNew(hash: Uint8Array, list: readonly Held[]): boolean {
    if (list.length === 0) return true;
    this.#prefixes ??= new Set(list.map(({ candidate }) => prefixOf(candidate.hash)));
    const known = this.#prefixes.size;
    return this.#prefixes.add(prefixOf(hash)).size > known;
  }

  /** `place` is where an honest log has it. */
  find(hash: Uint8Array, place: number): Held | undefined {
    if (this.#list !== null) {
      const likely = this.#list[place];
      if (likely !== undefined && equalBytes(likely.candidate.hash, hash)) return likely;
      if (this.#prefixes !== null && !this.#prefixes.has(prefixOf(hash))) return undefined;
      this.#nameAll(this.#list);
    }
    return this.#names.get(byteKey(hash));
  }

  delete({ candidate }: Held): void {
    if (this.#list !== null) this.#nameAll(this.#list);
    this.#names.delete(byteKey(candidate.hash));
  }

  /** Says how many there were. */
  leave(): number {
    for (const held of this.#list ?? this.#names.values()) held.isHeld = false;
    return this.size;
  }

  #nameAll(list: readonly Held[]): void {
    for (const held of list) this.#names.set(byteKey(held.candidate.hash), held);
    this.#list = null;
    this.#prefixes = null;
  }
}

/**
 * The candidates of one partition: those of the last `windowBytes` of its log, `eventsMax` at most.
 * The oldest go first, so that junk can neither fill memory nor pin the place where reading starts
 * over.
 */
export class CandidateWindow {
  readonly #windowBytes: number;
  readonly #eventsMax: number;
  readonly #onEvicted: () => void;
  readonly #ofHeight = new Map<number, HeightCandidates>();
  #queue: Held[] = [];
  #head = 0;
  #readBytes = 0;
  #size = 0;

  constructor(windowBytes: number, eventsMax: number, onEvicted: () => void) {
    this.#windowBytes = windowBytes;
    this.#eventsMax = eventsMax;
    this.#onEvicted = onEvicted;
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

  /** False when the same event is held already; the newer copy is the one that stays. */
  add(candidate: Candidate): boolean {
    const { height } = candidate;
    let events = this.#ofHeight.get(height);
    if (events === undefined) this.#ofHeight.set(height, (events = new HeightCandidates()));
    const held = { candidate, readBytes: this.#readBytes, isHeld: true };
    const older = events.add(held);
    this.#queue.push(held);
    if (older !== undefined) {
      older.isHeld = false;
      this.#cutStale();
      return false;
    }
    this.#size += 1;
    if (this.#size > this.#eventsMax) this.#evict(present(this.#oldest(), 'the oldest'));
    return true;
  }

  /** `place`: which of its height's events it is; a hint. */
  find(height: number, hash: Uint8Array, place: number): Candidate | undefined {
    return this.#ofHeight.get(height)?.find(hash, place)?.candidate;
  }

  /** Drops everything at or below a height; says how many. */
  dropThrough(height: number): number {
    let dropped = 0;
    for (const [candidateHeight, events] of this.#ofHeight) {
      if (candidateHeight > height) continue;
      dropped += events.leave();
      this.#ofHeight.delete(candidateHeight);
    }
    this.#size -= dropped;
    return dropped;
  }

  /** Offset of the oldest candidate held; null when there is none. */
  oldestOffset(): bigint | null {
    return this.#oldest()?.candidate.offset ?? null;
  }

  clear(): void {
    this.#ofHeight.clear();
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

  /** One event, repeated without end behind one that stays, would fill the queue. */
  #cutStale(): void {
    if (this.#queue.length - this.#head <= 2 * this.#size + QUEUE_SLACK) return;
    this.#queue = this.#queue.slice(this.#head).filter(({ isHeld }) => isHeld);
    this.#head = 0;
  }

  #evict(held: Held): void {
    held.isHeld = false;
    this.#size -= 1;
    const { height } = held.candidate;
    const events = this.#ofHeight.get(height);
    events?.delete(held);
    if (events?.size === 0) this.#ofHeight.delete(height);
    this.#onEvicted();
  }
}
