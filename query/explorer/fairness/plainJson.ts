import { toHex } from '../../../schemas/kernel/bytes.js';

/** A decoded record as JSON, as the reader writes it: bytes in hex, amounts as decimal strings. */
export function plainJson(value: unknown, indent = 0): string {
  const plain = (_: string, each: unknown): unknown => {
    if (typeof each === 'bigint') return each.toString();
    return each instanceof Uint8Array ? toHex(each) : each;
  };
  return JSON.stringify(value, plain, indent);
}

export function plainFields(record: object): Readonly<Record<string, unknown>> {
  return JSON.parse(plainJson(record)) as Readonly<Record<string, unknown>>;
}
