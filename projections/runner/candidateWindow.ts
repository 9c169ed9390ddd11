import { present } from '../../schemas/kernel/assert.js';

/** An event that no certified mark has listed yet; not decoded before one has. */
export interface Candidate {
  /** `byteKey` of its hash. */
  readonly hash: string;
  /** What its bytes say. */
  readonly height: number;
  readonly value: Uint8Array;
  readonly offset: bigint;
}

interface Queued {
  readonly candidate: Candidate;
  readonly readBytes: number;
}

/** Stale entries at the queue's head that are carried along before they are cut off. */
const QUEUE_SLACK = 1024;

/**
 * The candidates of one partition: those of the last `windowBytes` of its log. The oldest go first,
 * so that junk can neither fill memory nor pin the place where reading starts over.
 */
export class CandidateWindow {
  readonly #windowBytes: number;
  readonly #onEvicted: () => void;
  readonly #ofHeight = new Map<number, Map<string, Candidate>>();
  #queue: Queued[] = [];
  #head = 0;
  #readBytes = 0;

  constructor(windowBytes: number, onEvicted: () => void) {
    this.#windowBytes = windowBytes;
    this.#onEvicted = onEvicted;
  }

  /** Every record read counts, kept or not; what is too far behind goes. */
  advance(bytes: number): void {
    this.#readBytes += bytes;
    const floor = this.#readBytes - this.#windowBytes;
    for (;;) {
      const oldest = this.#oldest();
      if (oldest === null || oldest.readBytes >= floor) return;
      this.#remove(oldest.candidate);
      this.#onEvicted();
    }
  }

  /** False when the same event is held already; the newer copy is the one that stays. */
  add(candidate: Candidate): boolean {
    const { height } = candidate;
    let events = this.#ofHeight.get(height);
    if (events === undefined) this.#ofHeight.set(height, (events = new Map()));
    const isNew = !events.has(candidate.hash);
    events.set(candidate.hash, candidate);
    this.#queue.push({ candidate, readBytes: this.#readBytes });
    return isNew;
  }

  find(height: number, hash: string): Candidate | undefined {
    return this.#ofHeight.get(height)?.get(hash);
  }

  /** Drops everything at or below a height; says how many. */
  dropThrough(height: number): number {
    let dropped = 0;
    for (const [candidateHeight, events] of this.#ofHeight) {
      if (candidateHeight > height) continue;
      dropped += events.size;
      this.#ofHeight.delete(candidateHeight);
    }
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
  }

  #oldest(): Queued | null {
    while (this.#head < this.#queue.length) {
      const queued = present(this.#queue[this.#head], 'head of the queue');
      const { height, hash } = queued.candidate;
      if (this.find(height, hash) === queued.candidate) return queued;
      this.#head += 1;
      if (this.#head > QUEUE_SLACK && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
    }
    return null;
  }

  #remove({ height, hash }: Candidate): void {
    const events = this.#ofHeight.get(height);
    events?.delete(hash);
    if (events?.size === 0) this.#ofHeight.delete(height);
  }
}
