import { present } from '../../../schemas/kernel/assert.js';
import {
  fullName,
  isOptional,
  isUnion,
  type Schema,
  type SchemaObject,
  shortName,
} from '../../../schemas/kernel/schemaDefinitions.js';
import type { Prng } from '../../simulation/prng.js';

type Definitions = ReadonlyMap<string, SchemaObject>;

const ITEMS_MAX = 3;
const BYTES_MAX = 40;
/** A long is a zig-zag varint of a safe integer, so half of the safe range. */
const LONG_MAX = 2 ** 52 - 1;
const INT_MAX = 2 ** 31 - 1;
const AMOUNT_MAX = 2n ** 63n - 1n;

/** The ends of a range as often as its middle: that is where encodings go wrong. */
function integer(prng: Prng, max: number): number {
  const edges = [0, 1, -1, 63, 64, -64, -65, 8_191, 8_192, max, -max - 1];
  if (prng.chance(0.5)) return edges[prng.below(edges.length)] ?? 0;
  const value = Math.floor(prng.next() * 2 ** prng.below(Math.ceil(Math.log2(max))));
  return value === 0 || prng.chance(0.5) ? value : -value;
}

function amount(prng: Prng): bigint {
  const edges = [0n, 1n, -1n, 2n ** 48n, 2n ** 49n, -(2n ** 49n), AMOUNT_MAX, -AMOUNT_MAX - 1n];
  if (prng.chance(0.5)) return edges[prng.below(edges.length)] ?? 0n;
  return BigInt(integer(prng, LONG_MAX)) * BigInt(1 + prng.below(1_000));
}

function bytes(prng: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => prng.below(256));
}

function text(prng: Prng): string {
  const codes = Array.from({ length: prng.below(BYTES_MAX) }, () => prng.below(128));
  return String.fromCharCode(...codes);
}

function union(branches: readonly Schema[], prng: Prng, by: Definitions): unknown {
  if (isOptional(branches)) {
    return prng.chance(0.5) ? null : draw(present(branches[1], 'branch'), prng, by);
  }
  const branch = branches[prng.below(branches.length)] as string;
  return { kind: shortName(branch), ...(draw(branch, prng, by) as object) };
}

function named(definition: SchemaObject, prng: Prng, by: Definitions): unknown {
  const { type, size = 0, symbols = [], fields = [] } = definition;
  if (type === 'fixed') return bytes(prng, size);
  if (type === 'enum') return symbols[prng.below(symbols.length)];
  return Object.fromEntries(fields.map((field) => [field.name, draw(field.type, prng, by)]));
}

function primitive(schema: string, prng: Prng): unknown {
  switch (schema) {
    case 'null':
      return null;
    case 'boolean':
      return prng.chance(0.5);
    case 'int':
      return integer(prng, INT_MAX);
    case 'long':
      return integer(prng, LONG_MAX);
    case 'bytes':
      return bytes(prng, prng.below(BYTES_MAX));
    case 'string':
      return text(prng);
    default:
      throw new Error(`no values of ${schema}`);
  }
}

function draw(schema: Schema, prng: Prng, by: Definitions): unknown {
  if (isUnion(schema)) return union(schema, prng, by);
  if (typeof schema === 'string') {
    const definition = by.get(schema);
    return definition === undefined ? primitive(schema, prng) : named(definition, prng, by);
  }
  const { type, logicalType, items } = schema;
  if (type === 'array') {
    const length = prng.below(ITEMS_MAX + 1);
    return Array.from({ length }, () => draw(present(items, 'items'), prng, by));
  }
  return logicalType === 'amount' ? amount(prng) : draw(type, prng, by);
}

/** Draws values of records: every field of the schema, edges often. */
export function createDraw(
  definitions: readonly SchemaObject[],
): (name: string, prng: Prng) => unknown {
  const byName = new Map(definitions.map((each) => [fullName(each), each]));
  return (name, prng) => draw(`nullspace.${name}`, prng, byName);
}
