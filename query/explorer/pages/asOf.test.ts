import { expect, it } from 'vitest';
import { asOfIn } from './asOf.js';

const asOf = (text: string, newest = 100) => asOfIn(new URLSearchParams({ asOf: text }), newest);

it('is the newest height where none is asked for', () => {
  expect(asOfIn(new URLSearchParams(), 100)).toEqual({ state: 'newest' });
  expect(asOf('')).toEqual({ state: 'newest' });
});

it.each(['abc', '-5', '1.5', '1e3', '0x10', '9999999999999999999'])('%s is no height', (text) => {
  expect(asOf(text)).toEqual({ state: 'noHeight', text });
  expect(asOf(text, 0)).toEqual({ state: 'noHeight', text });
});

it('tells a height that is there from one that is to come, once the newest is known', () => {
  expect(asOf('100')).toEqual({ state: 'height', height: 100 });
  expect(asOf('101')).toEqual({ state: 'future', height: 101 });
  expect(asOf('101', 101)).toEqual({ state: 'height', height: 101 });
  expect(asOf('100', 0)).toEqual({ state: 'unknown' });
});
