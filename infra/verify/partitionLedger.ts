import { present } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { VERIFY_OVERTAKEN_HEIGHTS_MAX, VERIFY_REMEMBERED_HEIGHTS } from '../../schemas/limits.js';

/** What one partition must hold of a height, and what of it was found. */
export interface ExpectedHeight {
  readonly height: number;
  /** As execution made them, in order. */
  readonly values: readonly Uint8Array[];
  /** So many were found from the first on. */
  next: number;
  /** Indexes of others that were. */
  ahead: Set<number> | null;
  isMarked: boolean;
}

export type Match = 'expected' | 'found before' | 'unknown';

/**
 * The events of one partition, compared byte for byte with those that execution made. An honest log
 * has them in order, so nearly every record is the next one; heights that are complete are
 * forgotten but for the newest, of which a repetition is told from a forgery.
 */
export class PartitionLedger {
  /** In order; those before `at` are complete or given up. */
  #heights: ExpectedHeight[] = [];
  #at = 0;
  readonly #byHeight = new Map<number, ExpectedHeight>();

  constructor(private readonly onMissing: (expected: ExpectedHeight) => void) {}

  expect(height: number, values: readonly Uint8Array[]): void {
    const expected = { height, values, next: 0, ahead: null, isMarked: false };
    this.#heights.push(expected);
    this.#byHeight.set(height, expected);
  }

  /** Whether it is the very next event: what a log of honest writers is made of. */
  takeNext(value: Uint8Array): boolean {
    const expected = this.#heights[this.#at];
    const next = expected?.values[expected.next];
    if (expected === undefined || next === undefined || !equalBytes(next, value)) return false;
    advance(expected);
    return true;
  }

  /** An event of a height, in whatever order. */
  take(height: number, value: Uint8Array): Match {
    const expected = this.#byHeight.get(height);
    if (expected === undefined) return 'unknown';
    const { values, next } = expected;
    const isAt = (index: number): boolean => {
      const other = values[index];
      return other !== undefined && equalBytes(other, value);
    };
    const index = isAt(next) ? next : values.findIndex((_, other) => isAt(other));
    if (index < 0) return 'unknown';
    if (index < expected.next || expected.ahead?.has(index) === true) return 'found before';
    if (index === expected.next) advance(expected);
    else (expected.ahead ??= new Set()).add(index);
    this.#goOn();
    return 'expected';
  }

  /** A proven mark of a height. */
  mark(height: number): void {
    const expected = this.#byHeight.get(height);
    if (expected === undefined) return;
    expected.isMarked = true;
    this.#goOn();
    // Whatever else of older heights is to come stands in the wrong place.
    for (;;) {
      const newest = this.#heights[this.#at + VERIFY_OVERTAKEN_HEIGHTS_MAX];
      if (newest === undefined || newest.height >= height) return;
      this.#giveUp();
    }
  }

  /** Nothing more will be found. */
  end(): void {
    while (this.#at < this.#heights.length) this.#giveUp();
  }

  #giveUp(): void {
    const expected = present(this.#heights[this.#at], 'height to give up');
    if (!isComplete(expected)) this.onMissing(expected);
    this.#at++;
    this.#goOn();
  }

  #goOn(): void {
    for (;;) {
      const expected = this.#heights[this.#at];
      if (expected === undefined || !isComplete(expected)) break;
      this.#at++;
    }
    if (this.#at < 2 * VERIFY_REMEMBERED_HEIGHTS) return;
    const kept = this.#at - VERIFY_REMEMBERED_HEIGHTS;
    for (const { height } of this.#heights.slice(0, kept)) this.#byHeight.delete(height);
    this.#heights = this.#heights.slice(kept);
    this.#at -= kept;
  }
}

/** How many events of a height were not found. */
export function missingEvents({ values, next, ahead }: ExpectedHeight): number {
  return values.length - next - (ahead?.size ?? 0);
}

function isComplete(expected: ExpectedHeight): boolean {
  return expected.isMarked && missingEvents(expected) === 0;
}

function advance(expected: ExpectedHeight): void {
  expected.next++;
  while (expected.ahead?.delete(expected.next) === true) expected.next++;
}
