import { expect, it } from 'vitest';
import { pageIn, queryOfFirstPage } from './pageIn.js';

const at = (text: string, state: unknown = null) => pageIn(new URLSearchParams(text), state);

it('is the first page where the address names no cursor', () => {
  expect(at('')).toEqual({ index: 0, cursor: null, before: [] });
  expect(at('page=7')).toEqual({ index: 0, cursor: null, before: [] });
});

it('is the page of the cursor, and knows the way back from the history', () => {
  const cursors = ['a', 'b', 'c'];
  expect(at('cursor=c&page=4', { cursors })).toEqual({
    ...{ index: 3, cursor: 'c', before: ['a', 'b'] },
  });
});

it('does not know the way back without it, but to the first page', () => {
  expect(at('cursor=c&page=4')).toEqual({ index: 3, cursor: 'c', before: null });
  expect(at('cursor=c&page=4', { cursors: ['a', 'x', 'y'] }).before).toBeNull();
  expect(at('cursor=c&page=4', { cursors: ['', '', 'c'] }).before).toBeNull();
  expect(at('cursor=d&page=5', { cursors: ['', '', 'c', 'd'] }).before).toEqual(['', '', 'c']);
  expect(at('cursor=a&page=2')).toEqual({ index: 1, cursor: 'a', before: [] });
});

it('takes a page that is no number for the second', () => {
  expect(at('cursor=a&page=-3')).toEqual({ index: 1, cursor: 'a', before: [] });
  expect(at('cursor=a')).toMatchObject({ index: 1 });
});

it('leaves the filters of an address without its page', () => {
  expect(queryOfFirstPage('?kind=Transfer&cursor=a&page=2')).toBe('?kind=Transfer');
  expect(queryOfFirstPage('?cursor=a&page=2')).toBe('');
});
