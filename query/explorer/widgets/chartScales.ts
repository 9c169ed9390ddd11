import { grouped } from './grouped.js';

export type ChartKind = 'bars' | 'line' | 'steps';

/** Of the distance from one bar to the next, the rest is air; a single bar fills no chart. */
const BARS_SHARE = 0.7;
const BAR_PX_MAX = 40;

/** From one place to the next; the shortest, where some are missing. */
export function stepOf(xs: readonly number[]): number {
  const steps = xs.slice(1).map((x, before) => x - (xs[before] ?? x));
  return Math.max(1, steps.length === 0 ? 1 : Math.min(...steps));
}

/** The x scale around places from `min` to `max`: the first and the last bar stand whole inside. */
export function padded(
  kind: ChartKind,
  xs: readonly number[],
  min: number,
  max: number,
): [number, number] {
  const half = kind === 'bars' ? stepOf(xs) / 2 : 0;
  return [min - half, max + half];
}

/** Changes are to be seen, however large the sum. */
export function around(min: number, max: number): [number, number] {
  const room = Math.max((max - min) * 0.15, max * 0.005, 1);
  return [Math.max(0, min - room), max + room];
}

/**
 * Where the bars of one of several series begin and how wide each is, in units of the x scale: at
 * every place they stand side by side, all of them around the middle of the place.
 */
export function barsBeside(options: {
  readonly xs: readonly number[];
  readonly unitsPerPx: number;
  readonly index: number;
  readonly count: number;
}): { readonly starts: number[]; readonly width: number } {
  const { xs, unitsPerPx, index, count } = options;
  const width = Math.min((stepOf(xs) * BARS_SHARE) / count, BAR_PX_MAX * unitsPerPx);
  return { starts: xs.map((x) => x + (index - count / 2) * width), width };
}

const UNITS = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;
/** Below, a number is as short as its short form. */
const SHORT_FROM = 10_000;

/** Labels of one axis, all in the largest unit that states each with one digit behind the point. */
export function valueLabels(values: readonly number[]): string[] {
  const most = Math.max(0, ...values.map(Math.abs));
  const [unit, letter] = UNITS.find(
    ([size]) =>
      most >= Math.max(size, SHORT_FROM) && values.every((value) => value % (size / 10) === 0),
  ) ?? [1, ''];
  return values.map((value) => {
    const shown = value / unit;
    const isPart = Math.abs(shown) < 1;
    const short = isPart ? Number(shown.toPrecision(3)) : Math.round(shown * 1000) / 1000;
    return value === 0 ? '0' : `${grouped(short)}${letter}`;
  });
}
