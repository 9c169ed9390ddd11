import { expect, it } from 'vitest';
import { parts } from './words.js';

it.each([
  ['faucetTooSoon', ['faucet', 'Too', 'Soon']],
  ['expired', ['expired']],
  ['4711', ['4711']],
])('%s may be broken between %j', (name, expected) => {
  expect(parts(name)).toEqual(expected);
});
