/**
 * One line of a benchmark. A figure alone says little on a machine that others use too, so it
 * stands beside another one of the same run: a ceiling, a peer, or what was there before.
 */
export interface Measure {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  /** What stands beside it; null for a figure that only explains others. */
  readonly beside: string | null;
  readonly besideValue: number | null;
  /** value / besideValue; null as well beside 0. */
  readonly ratio: number | null;
}

/** A benchmark of `npm run bench`. */
export interface Bench {
  /** One line for the list. */
  readonly about: string;
  /** Options, for the list; `--json` is everybody's. */
  readonly usage?: string;
  /** `args` without the name and `--json`. Progress goes to `say`, one line each. */
  run(args: readonly string[], say: (line: string) => void): Promise<readonly Measure[]>;
}

/** An option of a benchmark has a value that cannot be. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** A whole number of at least `least`. @throws OptionError */
export function numberOption(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new OptionError(`--${name}: expected a number from ${least} on`);
}

/** A figure that explains others. */
export function figure(measure: string, value: number, unit: string): Measure {
  return { measure, value: rounded(value), unit, beside: null, besideValue: null, ratio: null };
}

/** A figure and, of the same unit and run, what it is compared with. */
export function besides(
  measure: string,
  value: number,
  unit: string,
  beside: string,
  besideValue: number,
): Measure {
  const ratio = besideValue === 0 ? null : rounded(value / besideValue);
  const besideRounded = rounded(besideValue);
  return { measure, value: rounded(value), unit, beside, besideValue: besideRounded, ratio };
}

/** Four digits that count. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The value below which `share` of the samples lie; NaN of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}
