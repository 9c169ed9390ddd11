import { concatBytes } from './bytes.js';

/**
 * Inputs are joined in one kept buffer: a new array of more than 64 bytes lies outside V8's heap
 * and costs more than the hash of a short message. Views are kept by length for the same reason.
 */
const KEPT_BYTES = 1_024;
const kept = new Uint8Array(KEPT_BYTES);
const keptOfLength: Uint8Array[] = [];

/** First and parts in one array. To be hashed at once: the next call writes over it. */
export function joinBriefly(first: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let length = first.length;
  for (const part of parts) length += part.length;
  if (length > KEPT_BYTES) return concatBytes(first, ...parts);
  kept.set(first, 0);
  let offset = first.length;
  for (const part of parts) {
    kept.set(part, offset);
    offset += part.length;
  }
  return (keptOfLength[length] ??= kept.subarray(0, length));
}
