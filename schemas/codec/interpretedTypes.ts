import { assert, present } from '../kernel/assert.js';
import {
  fullName,
  isOptional,
  isUnion,
  type Schema,
  type SchemaObject,
  shortName,
} from '../kernel/schemaDefinitions.js';
import type { AvroType } from './avroTypes.js';
import { type BytesTap, DecodeError } from './bytesTap.js';

/**
 * The codec's types by interpretation of the same definitions. avsc compiles a function a record,
 * which a page under `script-src 'self'` may not; `bundlePlugins.mjs` puts this module in the place
 * of `avroTypes.ts`, and a test holds the two against each other. About 5 times slower.
 */

const PRIMITIVES: Readonly<Record<string, AvroType>> = {
  boolean: {
    _read: (tap) => tap.readBoolean(),
    _write: (tap, value) => tap.writeBoolean(value as boolean),
  },
  int: { _read: (tap) => tap.readInt(), _write: (tap, value) => tap.writeInt(value as number) },
  long: { _read: (tap) => tap.readLong(), _write: (tap, value) => tap.writeLong(value as number) },
  bytes: {
    _read: (tap) => tap.readBytes(),
    _write: (tap, value) => tap.writeBytes(value as Uint8Array),
  },
  string: {
    _read: (tap) => tap.readString(),
    _write: (tap, value) => tap.writeString(value as string),
  },
};

const AMOUNT: AvroType = {
  _read: (tap) => tap.readAmount(),
  _write: (tap, value) => tap.writeAmount(value as bigint),
};

function fixedType(size: number): AvroType {
  return {
    _read: (tap) => tap.readFixed(size),
    _write: (tap, value) => tap.writeFixed(value as Uint8Array, size),
  };
}

function enumType(symbols: readonly string[]): AvroType {
  return {
    _read(tap) {
      const symbol = symbols[tap.readLong()];
      if (symbol === undefined) throw new DecodeError('enum symbol out of range');
      return symbol;
    },
    _write(tap, value) {
      const index = symbols.indexOf(value as string);
      assert(index >= 0, `no such symbol: ${String(value)}`);
      tap.writeLong(index);
    },
  };
}

/** Blocks of items, ended by an empty one; a negative count is followed by the block's bytes. */
function arrayType(items: AvroType): AvroType {
  return {
    _read(tap) {
      const list: unknown[] = [];
      for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
        if (count < 0) tap.skipLong();
        for (let left = Math.abs(count); left > 0; left--) list.push(items._read(tap));
      }
      return list;
    },
    _write(tap, value) {
      const list = value as readonly unknown[];
      if (list.length > 0) tap.writeLong(list.length);
      for (const item of list) items._write(tap, item);
      tap.writeLong(0);
    },
  };
}

function recordType(fields: readonly (readonly [name: string, type: AvroType])[]): AvroType {
  return {
    _read(tap) {
      const record: Record<string, unknown> = {};
      for (const [name, type] of fields) record[name] = type._read(tap);
      return record;
    },
    _write(tap, value) {
      for (const [name, type] of fields) type._write(tap, (value as Record<string, unknown>)[name]);
    },
  };
}

/** `null` or a value, without a wrapper. */
function optionalType(type: AvroType): AvroType {
  return {
    _read(tap) {
      const index = tap.readLong();
      if (index !== 0 && index !== 1) throw new DecodeError('union branch out of range');
      return index === 0 ? null : type._read(tap);
    },
    _write(tap, value) {
      tap.writeLong(value === null ? 0 : 1);
      if (value !== null) type._write(tap, value);
    },
  };
}

/** A union of records, discriminated by `kind`. */
function kindUnionType(kinds: readonly string[], types: readonly AvroType[]): AvroType {
  return {
    _read(tap: BytesTap) {
      const index = tap.readLong();
      const type = types[index];
      if (type === undefined) throw new DecodeError('union branch out of range');
      return Object.assign({ kind: kinds[index] }, type._read(tap));
    },
    _write(tap, value) {
      const index = kinds.indexOf((value as { readonly kind: string }).kind);
      const type = present(types[index], 'branch of a union');
      tap.writeLong(index);
      type._write(tap, value);
    },
  };
}

type Named = Map<string, AvroType>;

function typeOf(schema: Schema, named: Named): AvroType {
  if (typeof schema === 'string') {
    return present(PRIMITIVES[schema] ?? named.get(schema), `type ${schema}`);
  }
  if (!isUnion(schema)) return typeOfObject(schema, named);
  if (isOptional(schema)) return optionalType(typeOf(present(schema[1], 'branch'), named));
  const kinds = schema.map((branch) => shortName(branch as string));
  return kindUnionType(
    kinds,
    schema.map((branch) => typeOf(branch, named)),
  );
}

function typeOfObject(schema: SchemaObject, named: Named): AvroType {
  switch (schema.type) {
    case 'fixed':
      return fixedType(present(schema.size, 'size'));
    case 'enum':
      return enumType(present(schema.symbols, 'symbols'));
    case 'array':
      return arrayType(typeOf(present(schema.items, 'items'), named));
    case 'record':
      return recordType(
        present(schema.fields, 'fields').map(({ name, type }) => [name, typeOf(type, named)]),
      );
    default:
      return schema.logicalType === 'amount' ? AMOUNT : typeOf(schema.type, named);
  }
}

/** The types of definitions by their full names; each is defined before it is named. */
export function buildTypes(definitions: readonly SchemaObject[]): ReadonlyMap<string, AvroType> {
  const named: Named = new Map();
  for (const definition of definitions) {
    named.set(fullName(definition), typeOfObject(definition, named));
  }
  return named;
}
