import { describe, expect, it } from 'vitest';
import { eventHash } from '../../schemas/crypto/digests.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { CandidateWindow } from './candidateWindow.js';

const hashOf = (number: number): Uint8Array => eventHash(uint32(number));

/** A window, and what it said of those that have left it. */
function windowOf({ bytes = 1_000_000, events = 1_000 } = {}) {
  const dropped = { 'never listed': 0, repeat: 0 };
  const window = new CandidateWindow(bytes, events, (reason, count) => {
    dropped[reason] += count;
  });
  /** Candidates of a height that stand in the log at their numbers. */
  const fill = (numbers: readonly number[], height = 1): void => {
    for (const number of numbers) {
      window.advance(4);
      window.add(height, uint32(number), BigInt(number));
    }
  };
  const offsets = (numbers: readonly number[], height = 1): (bigint | undefined)[] =>
    window.find(height, numbers.map(hashOf)).map((found) => found?.offset);
  return { window, dropped, fill, offsets };
}

describe('the candidates of a partition', () => {
  it('are found in any order, with or without others beside them', () => {
    const { fill, offsets } = windowOf();
    fill([1, 2, 3]);
    expect(offsets([1, 2, 3])).toEqual([1n, 2n, 3n]);
    expect(offsets([3, 1])).toEqual([3n, 1n]);
    expect(offsets([1, 4, 2])).toEqual([1n, undefined, 2n]);
    fill([4]);
    expect(offsets([1, 4, 2])).toEqual([1n, 4n, 2n]);
    expect(offsets([1], 2)).toEqual([undefined]);
  });

  it.each([
    ['none more', [1, 2], [1, 3]],
    ['one fewer', [1, 2, 3], [1, 2]],
    ['one more', [1, 2], [1, 2, 3]],
  ])('are no others: a mark that lists %s', (_, held, listed) => {
    const { fill, offsets } = windowOf();
    fill(held);
    expect(offsets(listed)).toEqual(
      listed.map((number) => (held.includes(number) ? BigInt(number) : undefined)),
    );
  });

  it('are so many at most: the oldest leaves first', () => {
    const { window, dropped, fill, offsets } = windowOf({ events: 3 });
    fill([1, 2, 3, 4, 5]);
    expect(dropped).toEqual({ 'never listed': 2, repeat: 0 });
    expect(window.oldestOffset()).toBe(3n);
    expect(offsets([2, 5])).toEqual([undefined, 5n]);
    fill([6]);
    expect(offsets([3, 4, 5, 6])).toEqual([undefined, 4n, 5n, 6n]);
    expect(window.dropThrough(1)).toBe(3);
    fill([7, 8, 9], 2);
    expect(dropped).toEqual({ 'never listed': 3, repeat: 0 });
  });

  it('are so many at most, of one height that more and more claim', () => {
    const { window, dropped, fill, offsets } = windowOf({ events: 100 });
    for (let number = 0; number < 10_000; number++) fill([number]);
    expect(dropped).toEqual({ 'never listed': 9_900, repeat: 0 });
    expect(window.oldestOffset()).toBe(9_900n);
    expect(offsets([9_899, 9_900, 9_999])).toEqual([undefined, 9_900n, 9_999n]);
    fill([10_000]);
    expect(offsets([9_900, 10_000])).toEqual([undefined, 10_000n]);
    expect(window.dropThrough(1)).toBe(100);
  });

  it('are so many at most, one of each of many heights too', () => {
    const { window, fill } = windowOf({ events: 10 });
    for (let number = 0; number < 500; number++) fill([number], number);
    expect(window.oldestOffset()).toBe(490n);
    expect(window.dropThrough(1_000)).toBe(10);
  });

  it('are there once, the last of them, once a mark has been read', () => {
    const { window, dropped, offsets } = windowOf();
    for (const [at, number] of [1, 2, 1, 2, 1].entries()) {
      window.add(1, uint32(number), BigInt(at));
    }
    expect(offsets([1, 2])).toEqual([4n, 3n]);
    expect(dropped).toEqual({ 'never listed': 0, repeat: 3 });
    window.add(1, uint32(2), 5n);
    expect(offsets([1, 2])).toEqual([4n, 5n]);
    expect(dropped.repeat).toBe(4);
    expect(window.dropThrough(1)).toBe(2);
  });

  it.each([false, true])('leave nothing behind when one is repeated without end', (isMarked) => {
    const { window, fill, offsets } = windowOf({ bytes: 10_000_000, events: 100 });
    fill([1]);
    if (isMarked) offsets([1, 2]);
    for (let copies = 0; copies < 100_000; copies++) fill([2]);
    expect(window.queued).toBeLessThan(3_000);
    expect(window.dropThrough(1)).toBeLessThanOrEqual(isMarked ? 2 : 100);
  });

  it('cost a mark no more where others hold many heights above it', () => {
    const JUNK = 32_000;
    const MARKS = 500;
    const costMs = (junk: number): number => {
      const { window } = windowOf({ bytes: 1e9, events: 2 * JUNK });
      for (let at = 0; at < junk; at++) window.add(1e9 + at, uint32(at), BigInt(at));
      const startMs = performance.now();
      let dropped = 0;
      for (let height = 1; height <= MARKS; height++) {
        window.add(height, uint32(height), BigInt(JUNK + height));
        dropped += window.dropThrough(height);
      }
      const durationMs = performance.now() - startMs;
      expect(dropped).toBe(MARKS);
      return durationMs;
    };
    // The least of some: others may have the processor meanwhile.
    const leastMs = (junk: number): number => Math.min(...[1, 2, 3].map(() => costMs(junk)));
    // A few milliseconds each; walked one by one, those above took two hundred times as long.
    expect(leastMs(JUNK)).toBeLessThan(20 * leastMs(0) + 20);
  });

  it('are all dropped up to a height, in whatever order they came, and no others', () => {
    const { window, fill, offsets } = windowOf({ bytes: 1e9, events: 100_000 });
    const heights = Array.from({ length: 997 }, (_, at) => 1 + ((at * 386) % 997));
    for (const height of heights) fill([height], height);
    expect(window.dropThrough(0)).toBe(0);
    expect(window.dropThrough(400)).toBe(400);
    expect(offsets([400], 400)).toEqual([undefined]);
    expect(offsets([401], 401)).toEqual([401n]);
    fill([5], 5);
    expect(window.dropThrough(500)).toBe(101);
    window.clear();
    fill([600], 600);
    expect(window.dropThrough(997)).toBe(1);
  });

  it('leave nothing behind when they come and go behind one that stays', () => {
    const { window, fill } = windowOf({ bytes: 1e9, events: 100 });
    fill([1], 1e9);
    for (let height = 1; height <= 20_000; height++) {
      fill([height], height);
      expect(window.dropThrough(height)).toBe(1);
    }
    expect(window.queued).toBeLessThan(2_000);
    expect(window.oldestOffset()).toBe(1n);
  });
});
