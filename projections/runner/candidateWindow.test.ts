import { describe, expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { type Candidate, CandidateWindow } from './candidateWindow.js';

function candidate(number: number, height = 1): Candidate {
  const value = uint32(number);
  return { hash: sha256(value), height, value, offset: BigInt(number) };
}

function fill(window: CandidateWindow, candidates: readonly Candidate[]): void {
  for (const each of candidates) {
    window.advance(each.value.length);
    window.add(each);
  }
}

describe('the candidates of a partition', () => {
  it('are so many at most: the oldest leaves first', () => {
    let evicted = 0;
    const window = new CandidateWindow(1_000_000, 3, () => evicted++);
    fill(
      window,
      [1, 2, 3, 4, 5].map((number) => candidate(number)),
    );
    expect(evicted).toBe(2);
    expect(window.oldestOffset()).toBe(3n);
    expect(window.find(1, candidate(2).hash, 0)).toBeUndefined();
    expect(window.find(1, candidate(5).hash, 0)).toMatchObject({ offset: 5n });
    expect(window.dropThrough(1)).toBe(3);
    fill(
      window,
      [6, 7, 8].map((number) => candidate(number, 2)),
    );
    expect(evicted).toBe(2);
  });

  it('are so many at most, one of each of many heights too', () => {
    const window = new CandidateWindow(1_000_000, 10, () => {});
    fill(
      window,
      Array.from({ length: 500 }, (_, number) => candidate(number, number)),
    );
    expect(window.oldestOffset()).toBe(490n);
    expect(window.dropThrough(1_000)).toBe(10);
  });

  it('leave nothing behind when one of them is repeated without end', () => {
    const window = new CandidateWindow(10_000_000, 100, () => {});
    fill(window, [candidate(1)]);
    const again = candidate(2);
    for (let copies = 0; copies < 100_000; copies++) fill(window, [again]);
    expect(window.queued).toBeLessThan(3_000);
    expect(window.oldestOffset()).toBe(1n);
    expect(window.dropThrough(1)).toBe(2);
  });
});
