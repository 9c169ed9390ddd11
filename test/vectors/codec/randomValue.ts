import { DEFINITIONS } from '../../../schemas/types/definitions.js';
import type { Prng } from '../../simulation/prng.js';

type Schema =
  | string
  | readonly Schema[]
  | { readonly type: Schema; readonly [key: string]: unknown };
interface Definition {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'record' | 'enum' | 'fixed';
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
  readonly symbols?: readonly string[];
  readonly size?: number;
}

const BY_NAME: ReadonlyMap<string, Definition> = new Map(
  (DEFINITIONS as readonly Definition[]).map((one) => [`${one.namespace}.${one.name}`, one]),
);

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

function union(branches: readonly Schema[], prng: Prng): unknown {
  const [first, second] = branches;
  if (first === 'null' && second !== undefined && branches.length === 2) {
    return prng.chance(0.5) ? null : draw(second, prng);
  }
  const branch = branches[prng.below(branches.length)] as string;
  const kind = branch.slice(branch.lastIndexOf('.') + 1);
  return { kind, ...(draw(branch, prng) as object) };
}

function named(definition: Definition, prng: Prng): unknown {
  const { type, size = 0, symbols = [], fields = [] } = definition;
  if (type === 'fixed') return bytes(prng, size);
  if (type === 'enum') return symbols[prng.below(symbols.length)];
  return Object.fromEntries(fields.map((field) => [field.name, draw(field.type, prng)]));
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

function draw(schema: Schema, prng: Prng): unknown {
  if (Array.isArray(schema)) return union(schema, prng);
  if (typeof schema === 'string') {
    const definition = BY_NAME.get(schema);
    return definition === undefined ? primitive(schema, prng) : named(definition, prng);
  }
  const { type, logicalType, items } = schema as { [key: string]: Schema };
  if (type === 'array') {
    return Array.from({ length: prng.below(ITEMS_MAX + 1) }, () => draw(items as Schema, prng));
  }
  return logicalType === 'amount' ? amount(prng) : draw(type as Schema, prng);
}

/** Some value of a record, drawn from the stream: every field of the schema, edges often. */
export function randomValue(name: string, prng: Prng): unknown {
  return draw(`nullspace.${name}`, prng);
}
