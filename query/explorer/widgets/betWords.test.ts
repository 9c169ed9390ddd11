import { expect, it } from 'vitest';
import { betWords } from './betWords.js';

it.each([
  ['DOZEN', [0], 'First dozen, 1–12'],
  ['DOZEN', [2], 'Third dozen, 25–36'],
  ['COLUMN', [0], 'Column 1, 4, 7…'],
  ['COLUMN', [2], 'Column 3, 6, 9…'],
  ['LOW', [], 'Low, 1–18'],
])('calls %s %j as the cloth does', (kind, numbers, words) => {
  expect(betWords({ kind, numbers, amount: '5' })).toBe(words);
});

it('leaves bets that name their numbers, and other records', () => {
  expect(betWords({ kind: 'STRAIGHT', numbers: [2] })).toBeNull();
  expect(betWords({ kind: 'DOZEN', numbers: [7] })).toBeNull();
  expect(betWords({ kind: 'DOZEN' })).toBeNull();
});
