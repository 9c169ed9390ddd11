import { present } from '../../schemas/kernel/assert.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';

/** Where bytes of a text in hex are, every `step`th. */
export function positionsOf(hex: string, step = 1): number[] {
  return Array.from({ length: Math.ceil(hex.length / 2 / step) }, (_, index) => index * step);
}

/** One bit of one byte, another one from byte to byte. */
export function flip(hex: string, at: number): string {
  const bytes = fromHex(hex);
  bytes[at] = present(bytes[at], 'a byte') ^ (1 << (at % 8));
  return toHex(bytes);
}

/** Every copy of an answer in which one byte of one of its proving texts is another. */
export function* alterations<T extends object>(answer: T, names: readonly (keyof T)[], step = 1) {
  for (const name of names) {
    const value = answer[name] as string | readonly string[] | number;
    if (typeof value === 'number') {
      for (const other of [value + 1, value - 1, value ^ 64]) yield { ...answer, [name]: other };
    } else if (typeof value === 'string') {
      for (const at of positionsOf(value, step)) yield { ...answer, [name]: flip(value, at) };
    } else {
      yield { ...answer, [name]: value.slice(1) };
      for (const [index, hash] of value.entries()) {
        for (const at of positionsOf(hash, step)) {
          yield { ...answer, [name]: value.with(index, flip(hash, at)) };
        }
      }
    }
  }
}
