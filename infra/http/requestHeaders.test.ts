import { expect, it } from 'vitest';
import { isListed, prefersCsv } from './requestHeaders.js';

it.each([
  ['text/csv', true],
  ['TEXT/CSV; charset=utf-8', true],
  ['text/csv;q=0.5, */*;q=0.1', true],
  ['application/json;q=0.4, text/csv;q=0.5', true],
  ['application/json, text/csv;q=0.1', false],
  ['text/csv;q=0, application/json', false],
  ['text/csv;q=nonsense', false],
  ['text/csv-schema', false],
  ['*/*', false],
  ['', false],
  [undefined, false],
])('accept %j asks for CSV: %j', (accept, expected) => {
  expect(prefersCsv(accept)).toBe(expected);
});

it.each([
  ['W/"1-a"', true],
  ['"1-a"', true],
  ['"x", W/"1-a"', true],
  [' * ', false],
  ['"1-b"', false],
  ['"1-a', false],
  [undefined, false],
])('if-none-match %j lists the tag: %j', (header, expected) => {
  expect(isListed('W/"1-a"', header)).toBe(expected);
});
