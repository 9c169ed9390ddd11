import { type CodecSchemas, recordVersions } from '../../../schemas/codec/recordVersions.js';
import { VersionedCodec } from '../../../schemas/codec/versionedCodec.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { present } from '../../../schemas/kernel/assert.js';
import { ascii, concatBytes, readUint32, toHex } from '../../../schemas/kernel/bytes.js';
import { definitionsOf, type SchemaObject } from '../../../schemas/kernel/schemaDefinitions.js';
import { createPrng } from '../../simulation/prng.js';
import { createDraw } from './createDraw.js';

const CASES = 200;

/**
 * Of a version of a record that travels in a frame: one hash over the bytes of many values, and one
 * value's.
 */
export interface CodecVector {
  readonly cases: number;
  /** h(0) = 32 zero bytes, h(i) = SHA-256(h(i - 1) ‖ bytes of value i); the last, in hex. */
  readonly hash: string;
  /** The first value, framed, in hex. */
  readonly first: string;
}

/** A version of a record, with the values that stand for it, as the newest version sees them. */
export interface VersionCases {
  readonly name: string;
  /** The record's name, and from its second version on the number of it. */
  readonly title: string;
  values(): Iterable<unknown>;
}

/**
 * The versions of a record in a release. The values of one are the same in every release that has
 * it: they follow from its schema and its title.
 */
export function versionCases(schemas: CodecSchemas, name: string): VersionCases[] {
  const own = schemas.olderVersions.filter((version) => version.name === name);
  const { older } = present(recordVersions(schemas).byName[name], name);
  return [...own.map(({ schema }) => definitionsOf(schema)), schemas.definitions].map(
    (definitions, index) => {
      const title = index === 0 ? name : `${name}/${index + 1}`;
      const growth = older?.[index]?.growth ?? null;
      return {
        ...{ name, title },
        *values() {
          for (const value of drawnValues(title, name, definitions)) {
            growth?.complete(value);
            yield value;
          }
        },
      };
    },
  );
}

function* drawnValues(title: string, name: string, definitions: readonly SchemaObject[]) {
  const prng = createPrng(readUint32(sha256(ascii(`codec ${title}`)), 0));
  const draw = createDraw(definitions);
  for (let i = 0; i < CASES; i++) yield draw(name, prng);
}

/** Of every version of the records, by its title. */
export function codecVectors(
  schemas: CodecSchemas,
  names: readonly string[],
): Record<string, CodecVector> {
  const codec = new VersionedCodec<Record<string, unknown>>(schemas);
  const vectors: Record<string, CodecVector> = {};
  for (const { name, title, values } of names.flatMap((each) => versionCases(schemas, each))) {
    let hash: Uint8Array = new Uint8Array(32);
    let first = '';
    for (const value of values()) {
      const bytes = codec.encode(name, value);
      if (first === '') first = toHex(bytes);
      hash = sha256(concatBytes(hash, bytes));
    }
    vectors[title] = { cases: CASES, hash: toHex(hash), first };
  }
  return vectors;
}
