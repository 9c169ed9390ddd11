import { expect, it } from 'vitest';
import { durationText } from './durationText.js';

it.each([
  [0, '0 s'],
  [119, '119 s'],
  [120, '2 min'],
  [7_199, '120 min'],
  [7_200, '2 hours'],
  [172_800, '2 days'],
  [63_072_000, '2 years'],
  [819_999_999_999_780, '25,984,766 years'],
])('%d s are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
