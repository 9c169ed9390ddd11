import { encode, type FramedName } from '../../../schemas/codec/codec.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { ascii, concatBytes, readUint32, toHex } from '../../../schemas/kernel/bytes.js';
import { type FramedTypes, SCHEMA_IDS } from '../../../schemas/types/definitions.js';
import { createPrng } from '../../simulation/prng.js';
import { randomValue } from './randomValue.js';

const CASES = 200;

/**
 * Of every record that travels in a frame: one hash over the bytes of many values, and one value's.
 */
export interface CodecVector {
  readonly cases: number;
  /** h(0) = 32 zero bytes, h(i) = SHA-256(h(i - 1) ‖ bytes of value i); the last, in hex. */
  readonly hash: string;
  /** The first value, framed, in hex. */
  readonly first: string;
}

export const FRAMED_NAMES = Object.keys(SCHEMA_IDS) as FramedName[];

/** The values of a record's vector, by its name alone. */
export function* codecCases(name: FramedName): Iterable<FramedTypes[FramedName]> {
  const prng = createPrng(readUint32(sha256(ascii(`codec ${name}`)), 0));
  for (let i = 0; i < CASES; i++) yield randomValue(name, prng) as FramedTypes[FramedName];
}

function vectorOf(name: FramedName): CodecVector {
  let hash: Uint8Array = new Uint8Array(32);
  let first = '';
  for (const value of codecCases(name)) {
    const bytes = encode(name, value);
    if (first === '') first = toHex(bytes);
    hash = sha256(concatBytes(hash, bytes));
  }
  return { cases: CASES, hash: toHex(hash), first };
}

/** Text of a generated file by its path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const vectors = Object.fromEntries(FRAMED_NAMES.map((name) => [name, vectorOf(name)]));
  return new Map([['test/vectors/codec/records.json', `${JSON.stringify(vectors, null, 2)}\n`]]);
}
