import { describe, expect, it } from 'vitest';
import { PUBLISH_LAG_MS_MAX } from '../../schemas/limits.js';
import { takeOverDueMs, takeOverRank, takeOverSteps } from './takeOverRule.js';

const ranks = (validators: number, active: number | null): number[] =>
  Array.from({ length: validators }, (_, self) => takeOverRank(self, validators, active));

describe('the rank of a validator', () => {
  it('counts from the active publisher, which comes last itself', () => {
    expect(ranks(4, 0)).toEqual([4, 1, 2, 3]);
    expect(ranks(4, 2)).toEqual([2, 3, 4, 1]);
    expect(ranks(1, 0)).toEqual([1]);
  });

  it('is the index while nobody has written', () => {
    expect(ranks(4, null)).toEqual([0, 1, 2, 3]);
  });
});

describe('the steps that a validator waits', () => {
  it('are one for the first in line, and a take-over more for each one after it', () => {
    const steps = (active: number | null): number[] =>
      [0, 1, 2, 3].map((self) => takeOverSteps(self, 4, active));
    expect(steps(0)).toEqual([10, 1, 4, 7]);
    expect(steps(2)).toEqual([4, 7, 10, 1]);
    expect(steps(null)).toEqual([0, 3, 6, 9]);
  });
});

describe('a take-over', () => {
  const seen = { missingSinceMs: 10_000, activeSinceMs: 0, progressAtMs: 0, appendMs: 0 };
  const calm = { steps: 2, fruitless: 0, ...seen };

  it('is due when a height has been missing for so many steps of half a second', () => {
    expect(takeOverDueMs(calm)).toBe(11_000);
  });

  it('waits twice as long after each one without progress, up to a bound', () => {
    expect(takeOverDueMs({ ...calm, fruitless: 1 })).toBe(12_000);
    expect(takeOverDueMs({ ...calm, fruitless: 3 })).toBe(18_000);
    expect(takeOverDueMs({ ...calm, fruitless: 60 })).toBe(
      takeOverDueMs({ ...calm, fruitless: 6 }),
    );
  });

  it('gives the same time to a publisher that has just begun', () => {
    expect(takeOverDueMs({ ...calm, activeSinceMs: 30_000 })).toBe(31_000);
  });

  it('waits longer where an append takes longer, up to a bound', () => {
    expect(takeOverDueMs({ ...calm, appendMs: 400 })).toBe(11_000);
    expect(takeOverDueMs({ ...calm, appendMs: 1_200 })).toBe(12_400);
    const longest = takeOverDueMs({ ...calm, appendMs: 600_000 });
    expect(longest).toBe(10_000 + 2 * PUBLISH_LAG_MS_MAX);
  });

  it('leaves one alone that makes progress, until it is too far behind', () => {
    expect(takeOverDueMs({ ...calm, progressAtMs: 12_000 })).toBe(13_000);
    const late = takeOverDueMs({ ...calm, progressAtMs: 60_000 });
    expect(late).toBe(10_000 + PUBLISH_LAG_MS_MAX + 1_000);
    // A backlog is not its fault: it has as long from its beginning.
    const begun = takeOverDueMs({ ...calm, activeSinceMs: 58_000, progressAtMs: 60_000 });
    expect(begun).toBe(61_000);
  });
});
