import { expect, it } from 'vitest';
import { ungrouped } from './ungrouped.js';

it('takes heights as the page writes them', () => {
  expect(ungrouped('7')).toBe('7');
  expect(ungrouped('1,234')).toBe('1234');
  expect(ungrouped('12,345,678')).toBe('12345678');
  expect(ungrouped(' 1 234 ')).toBe('1234');
});

it.each(['1,23', '1234,567', ',123', 'abc', '0x10', 'ab,cde', ''])('leaves “%s”', (text) => {
  expect(ungrouped(text)).toBe(text);
});
