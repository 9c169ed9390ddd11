import { isHex } from '../../schemas/kernel/bytes.js';

/** Whether a value from JSON has a form; whoever sent it is a stranger. Total. */
export type Check = (value: unknown) => boolean;
export type Fields = Readonly<Record<string, Check>>;

export const text: Check = (value) => typeof value === 'string';
export const hex: Check = (value) => typeof value === 'string' && isHex(value);
export const key: Check = (value) => hex(value) && (value as string).length === 64;
/** A number that counts: heights, times, indices. */
export const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const list =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const fields =
  (checks: Fields): Check =>
  (value) =>
    typeof value === 'object' && value !== null && holds(value as Record<string, unknown>, checks);

/** An object of JSON, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function holds(value: Readonly<Record<string, unknown>>, checks: Fields): boolean {
  return Object.entries(checks).every(([name, check]) => check(value[name]));
}

/** The fields of a record that has this form, and no others of it. */
export function only<T extends object>(value: T, checks: Fields): T {
  const known = Object.keys(checks).map((name) => [name, (value as Fields)[name]]);
  return Object.fromEntries(known.filter(([, held]) => held !== undefined)) as T;
}

export const flag: Check = (value) => typeof value === 'boolean';
/** An amount: a decimal string. */
export const amount: Check = (value) => typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value);
export const anything: Check = (value) => typeof value === 'object' && value !== null;

/** An event with its way up to a certificate, as gateways and readers give it. */
export const provenEvent = fields({
  ...{ value: hex, partition: whole, index: whole },
  ...{ path: list(hex), leaf: hex, leafPath: list(hex) },
});
