import { assert } from '../../schemas/kernel/assert.js';
import { MAX_VALIDATORS } from '../../schemas/limits.js';

/** No event has a key as short as this: accounts have 32 bytes, and the house is called `house`. */
const MARK_KEY_BYTES_MAX = 4;

/**
 * Key of a mark's record: the index of the validator that wrote it, in one byte. Readers do not
 * look at keys; publishers count their rank from it (takeOverRule.ts). It is a hint: a liar changes
 * who waits how long, and no more.
 */
export function markKey(publisher: number): Uint8Array {
  assert(publisher >= 0 && publisher < MAX_VALIDATORS, `no validator ${publisher}`);
  return Uint8Array.of(publisher);
}

/** Whether a record of the events topic may be a mark; what else it is, its value says. */
export function mayBeMark(key: Uint8Array): boolean {
  return key.length <= MARK_KEY_BYTES_MAX;
}

/** The publisher that a mark's key names; null when it names none. */
export function publisherOf(key: Uint8Array, validators: number): number | null {
  const index = key.length === 1 ? (key[0] as number) : validators;
  return index < validators ? index : null;
}
