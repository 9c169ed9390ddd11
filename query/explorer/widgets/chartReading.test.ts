import { expect, it } from 'vitest';
import { readingOf } from './chartReading.js';

const series = [
  { title: 'staked', values: [1, 1_234] },
  { title: 'paid', values: [null, 0] },
];

it('says the time, in UTC, and the value of each series', () => {
  const xs = [Date.UTC(2026, 0, 2, 3, 4) / 1000, Date.UTC(2026, 0, 2, 23, 59) / 1000];
  const read = (index: number) => readingOf({ x: 'time', xs, series }, index);
  expect(read(0)).toBe('2026-01-02 03:04 UTC: staked 1, paid 0');
  expect(read(1)).toBe('2026-01-02 23:59 UTC: staked 1,234, paid 0');
  expect(read(2)).toBeNull();
});

it('says the height', () => {
  expect(readingOf({ x: 'height', xs: [4_321], series: series.slice(0, 1) }, 0)).toBe(
    'Block 4,321: staked 1',
  );
});
