import { grouped } from './grouped.js';

/** Seconds in each unit, and up to how many of them it is used. */
const UNITS = [
  ['s', 1, 120],
  ['min', 60, 120],
  ['hours', 3_600, 48],
  ['days', 86_400, 730],
  // Of the Gregorian calendar, on average.
  ['years', 365.2425 * 86_400, Number.POSITIVE_INFINITY],
] as const;

/** `90 s`, `26 hours`, `3,169 years`: in the unit that makes a number one can imagine. */
export function durationText(seconds: number): string {
  const [name, size] = UNITS.find(([, each, most]) => seconds < each * most) ?? UNITS[4];
  return `${grouped(Math.round(seconds / size))} ${name}`;
}
