import { expect, it } from 'vitest';
import { PUBLISH_AGES_KEPT } from '../../schemas/limits.js';
import { createCertifiedTimes } from './certifiedTimes.js';

it('says when a height became certified, and forgets what is asked no more', () => {
  const times = createCertifiedTimes();
  times.certified(3, 100);
  times.certified(4, 200);
  times.certified(4, 300);
  times.certified(9, 400);
  expect([1, 3, 4, 5, 9].map(times.of)).toEqual([100, 100, 200, 400, 400]);
  times.forget(4);
  expect([1, 5].map(times.of)).toEqual([400, 400]);
});

it('keeps a bounded number of times; newer heights then seem older than they are', () => {
  const times = createCertifiedTimes();
  const last = PUBLISH_AGES_KEPT + 50;
  for (let height = 1; height <= last; height++) times.certified(height, height * 1_000);
  expect(times.of(10)).toBe(10_000);
  expect(times.of(last)).toBe(PUBLISH_AGES_KEPT * 1_000);
});
