import { expect, it } from 'vitest';
import { refusalWords } from './expectedWords.js';

it.each([
  ['params/block must match pattern "^([0-9]{1,15}|[0-9a-fA-F]{64})$"', /height, or by its digest/],
  ['params/id must match pattern "^[0-9a-fA-F]{64}$"', /command is named by its id/],
  ['params/publicKey must match pattern "^[0-9a-fA-F]{64}$"', /public key of 64 hex digits/],
  ['querystring/account must match pattern "^[0-9a-fA-F]{64}$"', /account is named/],
  ['querystring/minCommands must be integer', /“minCommands” in the address/],
])('says in words what was expected: %s', (message, words) => {
  expect(refusalWords(message)).toMatch(words);
  expect(refusalWords(message)).not.toMatch(/pattern|\^/);
});

it('leaves what a reader says in words', () => {
  const words = 'no executed or refused command has this id; visible height is 7';
  expect(refusalWords(words)).toBe(words);
});
