import { expect, test } from 'vitest';
import { leaderOf } from './leader.js';
import { faultsOf, quorumOf } from './quorum.js';

test.each([
  [1, 0, 1],
  [4, 1, 3],
  [5, 1, 4],
  [6, 1, 5],
  [7, 2, 5],
  [10, 3, 7],
])('n = %i tolerates f = %i with q = %i', (validators, faults, quorum) => {
  expect(faultsOf(validators)).toBe(faults);
  expect(quorumOf(validators)).toBe(quorum);
});

test('leaders rotate with the view, and epochs start elsewhere', () => {
  expect([1, 2, 3, 4, 5].map((view) => leaderOf(0, view, 4))).toEqual([1, 2, 3, 0, 1]);
  expect(leaderOf(1, 1, 4)).toBe(2);
});
