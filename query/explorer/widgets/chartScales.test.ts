import { describe, expect, it } from 'vitest';
import { readingOf } from './chartReading.js';
import { barsBeside, padded, stepOf, valueLabels } from './chartScales.js';

const minutes = Array.from({ length: 60 }, (_, index) => 1_700_000_040 + index * 60);
const [first = 0, last = 0] = [minutes[0], minutes.at(-1)];

describe('the scale of places', () => {
  it('has room for half a bar before the first and behind the last', () => {
    expect(padded('bars', minutes, first, last)).toEqual([first - 30, last + 30]);
    expect(padded('bars', [7], 7, 7)).toEqual([6.5, 7.5]);
    expect(padded('steps', minutes, first, last)).toEqual([first, last]);
  });

  it('goes by the shortest step, where places are missing', () => {
    expect(stepOf([10, 40, 50, 90])).toBe(10);
    expect(stepOf([])).toBe(1);
  });
});

describe('bars of several series', () => {
  const beside = (index: number, count: number, unitsPerPx = 10) =>
    barsBeside({ xs: minutes, unitsPerPx, index, count });

  it('stand side by side, within the room of their place', () => {
    const [one, other] = [beside(0, 2), beside(1, 2)];
    expect(one.width).toBe(21);
    expect(one.starts[0]).toBe(first - 21);
    expect(other.starts[0]).toBe(first);
    expect((other.starts[59] ?? 0) + other.width).toBeLessThan(last + 30);
  });

  it('are around their place when there is one series, and no wider than 40 pixels', () => {
    expect(beside(0, 1)).toMatchObject({ width: 42, starts: minutes.map((x) => x - 21) });
    expect(beside(0, 1, 0.5).width).toBe(20);
  });
});

describe('labels of values', () => {
  it.each([
    [
      [0, 50, 100],
      ['0', '50', '100'],
    ],
    [
      [0, 2_000, 4_000],
      ['0', '2,000', '4,000'],
    ],
    [
      [0, 50_000, 100_000],
      ['0', '50k', '100k'],
    ],
    [
      [0, 500_000, 1_000_000, 1_500_000],
      ['0', '0.5M', '1M', '1.5M'],
    ],
    [
      [0, 5e12],
      ['0', '5T'],
    ],
    [
      [1_000_050, 1_000_100],
      ['1,000,050', '1,000,100'],
    ],
    [
      [0, 0.2, 0.4],
      ['0', '0.2', '0.4'],
    ],
    [[], []],
  ])('%j are %j', (values, labels) => {
    expect(valueLabels(values)).toEqual(labels);
  });

  it('says what is little as something', () => {
    expect(valueLabels([0, 0.00025, 0.0005])).toEqual(['0', '0.00025', '0.0005']);
    const values = [12.345678, 0.00000001];
    const series = values.map((value) => ({ title: 'staked', values: [value] }));
    const said = readingOf({ x: 'height', xs: [7], series }, 0);
    expect(said).toBe('Block 7: staked 12.345678, staked 0.00000001');
  });
});
