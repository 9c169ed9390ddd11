import { expect, it } from 'vitest';
import { firstBrokenRule } from './houseRules.js';

it('runs the rules in order and stops at the first that is broken', async () => {
  const said: string[] = [];
  const rules = [
    { name: 'one', run: () => 0 },
    { name: 'two', run: async () => 1 },
    { name: 'three', run: () => 0 },
  ];
  expect(await firstBrokenRule(rules, (line) => said.push(line))).toBe('two');
  expect(said).toEqual(['one', 'two']);
});

it('answers null when all hold', async () => {
  expect(await firstBrokenRule([{ name: 'one', run: () => 0 }], () => {})).toBeNull();
});
