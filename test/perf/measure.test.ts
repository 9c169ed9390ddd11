import { describe, expect, it } from 'vitest';
import { besides, median, percentile } from './measure.js';

describe('measures', () => {
  it('puts a figure beside another one of its unit', () => {
    expect(besides('a', 50.00049, 'x/s', 'b', 200)).toEqual({
      measure: 'a',
      value: 50,
      unit: 'x/s',
      beside: 'b',
      besideValue: 200,
      ratio: 0.25,
    });
  });

  it('gives no ratio to nothing', () => {
    expect(besides('a', 50, 'ms', 'b', 0)).toMatchObject({
      value: 50,
      besideValue: 0,
      ratio: null,
    });
  });

  it('takes percentiles of unsorted samples, none of none', () => {
    const samples = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    expect([percentile(samples, 0), median(samples), percentile(samples, 0.99)]).toEqual([
      0, 50, 99,
    ]);
    expect(percentile([7], 0.99)).toBe(7);
    expect(median([])).toBeNaN();
  });
});
