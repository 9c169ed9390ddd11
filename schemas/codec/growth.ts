import { assert, fail, present } from '../kernel/assert.js';
import { equalBytes } from '../kernel/bytes.js';
import {
  fullName,
  isOptional,
  isUnion,
  type Schema,
  type SchemaField,
  type SchemaObject,
  shortName,
} from '../kernel/schemaDefinitions.js';

/** What a newer version of a type can say that an older one cannot. */
export interface Growth {
  /** Whether the older version can say this value too: nothing new in it is used. */
  holds(value: unknown): boolean;
  /** Gives a value that the older version has read what it lacks, in place. */
  complete(value: unknown): void;
}

type Definitions = ReadonlyMap<string, SchemaObject>;
type Fields = Record<string, unknown>;

/**
 * The growth of a named type between two versions of all definitions, null when it is the same. Any
 * other change than growth is a bug of whoever made the newer version: records gain fields with a
 * default, unions and enums gain branches and symbols, each at its end.
 */
export function growthOf(
  older: readonly SchemaObject[],
  newer: readonly SchemaObject[],
  name: string,
): Growth | null {
  const byName = (definitions: readonly SchemaObject[]): Definitions =>
    new Map(definitions.map((definition) => [fullName(definition), definition]));
  return new Comparison(byName(older), byName(newer)).ofName(name);
}

class Comparison {
  readonly #found = new Map<string, Growth | null>();

  constructor(
    private readonly older: Definitions,
    private readonly newer: Definitions,
  ) {}

  ofName(name: string): Growth | null {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const older = this.older.get(name);
    const newer = this.newer.get(name);
    if (older === undefined || newer === undefined) {
      assert(older === newer, `${name} is a definition in one version only`);
      return null; // a primitive
    }
    assert(older.type === newer.type, `${name} is another kind of type`);
    const growth = this.#ofDefinition(name, older, newer);
    this.#found.set(name, growth);
    return growth;
  }

  #ofDefinition(name: string, older: SchemaObject, newer: SchemaObject): Growth | null {
    if (newer.type === 'record') {
      return this.#ofFields(name, present(older.fields, name), present(newer.fields, name));
    }
    if (newer.type === 'enum') {
      return symbolsGrowth(name, present(older.symbols, name), present(newer.symbols, name));
    }
    assert(older.size === newer.size, `${name} has another size`);
    return null;
  }

  #ofFields(
    name: string,
    older: readonly SchemaField[],
    newer: readonly SchemaField[],
  ): Growth | null {
    const grown: { readonly name: string; readonly growth: Growth }[] = [];
    for (const [index, field] of older.entries()) {
      const now = newer[index];
      assert(now?.name === field.name, `${name}.${field.name} is not where it was`);
      const place = `${name}.${field.name}`;
      const growth = this.#ofSchema(place, field.type, now.type);
      if (growth !== null) grown.push({ name: field.name, growth });
    }
    const added = newer.slice(older.length).map((field) => this.#defaultOf(name, field));
    if (grown.length === 0 && added.length === 0) return null;
    return {
      holds(value) {
        const record = value as Fields;
        return (
          added.every((field) => isEqual(record[field.name], field.make())) &&
          grown.every((field) => field.growth.holds(record[field.name]))
        );
      },
      complete(value) {
        const record = value as Fields;
        for (const { name, growth } of grown) growth.complete(record[name]);
        for (const { name, make } of added) record[name] = make();
      },
    };
  }

  #ofSchema(place: string, older: Schema, newer: Schema): Growth | null {
    if (isUnion(older) && isUnion(newer)) return this.#ofUnion(place, older, newer);
    if (typeof older === 'string' && typeof newer === 'string') {
      assert(older === newer, `${place} has another type`);
      return this.ofName(newer);
    }
    if (isItems(older) && isItems(newer)) return this.#ofItems(place, older.items, newer.items);
    assert(isSameLogicalType(older, newer), `${place} has another type`);
    return null;
  }

  #ofItems(place: string, older: Schema, newer: Schema): Growth | null {
    const growth = this.#ofSchema(place, older, newer);
    if (growth === null) return null;
    return {
      holds: (value) => (value as readonly unknown[]).every((item) => growth.holds(item)),
      complete(value) {
        for (const item of value as readonly unknown[]) growth.complete(item);
      },
    };
  }

  #ofUnion(place: string, older: readonly Schema[], newer: readonly Schema[]): Growth | null {
    assert(isOptional(older) === isOptional(newer), `${place} is another kind of union`);
    const growths = older.map((branch, index) =>
      this.#ofSchema(place, branch, present(newer[index], `${place} keeps its branches`)),
    );
    if (isOptional(newer)) return optionalGrowth(growths[1] ?? null);
    if (older.length === newer.length && growths.every((each) => each === null)) return null;
    const byKind = new Map(older.map((branch, i) => [shortName(branch as string), growths[i]]));
    const ofKind = (value: unknown) => byKind.get((value as { readonly kind: string }).kind);
    return {
      holds(value) {
        const growth = ofKind(value);
        return growth !== undefined && (growth === null || growth.holds(value));
      },
      complete: (value) => ofKind(value)?.complete(value),
    };
  }

  /** A field that was added, and what it says where nobody wrote it. */
  #defaultOf(record: string, field: SchemaField): { name: string; make(): unknown } {
    const { name, type } = field;
    const place = `${record}.${name}`;
    if (field.default === undefined) fail(`${place} was added without a default`);
    return { name, make: this.#valueOf(place, type, field.default) };
  }

  /** A default, of the kinds that the protocol has a use for. */
  #valueOf(place: string, schema: Schema, json: unknown): () => unknown {
    if (isUnion(schema)) {
      if (isOptional(schema) && json === null) return () => null;
    } else if (typeof schema === 'object') {
      if (schema.logicalType === 'amount') return () => BigInt(json as number);
      if (isItems(schema) && Array.isArray(json) && json.length === 0) return () => [];
    } else if (schema === 'bytes' || this.newer.get(schema)?.type === 'fixed') {
      const bytes = Uint8Array.from(json as string, (symbol) => symbol.charCodeAt(0));
      return () => bytes.slice();
    } else if (typeof json !== 'object') {
      return () => json; // a primitive, or a symbol of an enum
    }
    return fail(`${place}: a default may be a primitive, null or empty`);
  }
}

function isSameLogicalType(older: Schema, newer: Schema): boolean {
  if (typeof older === 'string' || typeof newer === 'string') return false;
  if (isUnion(older) || isUnion(newer)) return false;
  return older.type === newer.type && older.logicalType === newer.logicalType;
}

function isItems(schema: Schema): schema is SchemaObject & { readonly items: Schema } {
  return typeof schema === 'object' && !isUnion(schema) && schema.items !== undefined;
}

function optionalGrowth(growth: Growth | null): Growth | null {
  if (growth === null) return null;
  return {
    holds: (value) => value === null || growth.holds(value),
    complete(value) {
      if (value !== null) growth.complete(value);
    },
  };
}

function symbolsGrowth(
  name: string,
  older: readonly string[],
  newer: readonly string[],
): Growth | null {
  for (const [index, symbol] of older.entries()) {
    assert(newer[index] === symbol, `${name}: ${symbol} is not where it was`);
  }
  if (older.length === newer.length) return null;
  return { holds: (value) => older.includes(value as string), complete: () => undefined };
}

/** `fallback` is a default: a primitive, bytes, null or an empty list. */
function isEqual(value: unknown, fallback: unknown): boolean {
  if (fallback instanceof Uint8Array) return equalBytes(value as Uint8Array, fallback);
  if (Array.isArray(fallback)) return (value as readonly unknown[]).length === 0;
  return value === fallback;
}
