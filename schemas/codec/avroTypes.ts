import avro from 'avsc';
import { fail, present } from '../kernel/assert.js';
import { fullName, isOptional, type SchemaObject, shortName } from '../kernel/schemaDefinitions.js';
import { type BytesTap, DecodeError } from './bytesTap.js';

/** The two internal methods of an avsc 5.7.9 type that the codec drives with its own tap. */
export interface AvroType {
  _read(tap: BytesTap): unknown;
  _write(tap: BytesTap, value: unknown): void;
}

type TypeConstructor = new (schema: unknown, options: unknown) => AvroType & object;
type Schema = string | readonly Schema[] | { readonly [key: string]: unknown };

const types = avro.types as unknown as Record<string, TypeConstructor>;
const UnwrappedUnion = present(types.UnwrappedUnionType, 'avsc UnwrappedUnionType');
const WrappedUnion = present(types.WrappedUnionType, 'avsc WrappedUnionType');
const Fixed = present(types.FixedType, 'avsc FixedType');
const Bytes = present(types.BytesType, 'avsc BytesType');
const Long = present(types.LongType, 'avsc LongType');
const Int = present(types.IntType, 'avsc IntType');

/** Sizes and kinds live in closures: avsc freezes its types as it constructs them. */
function fixedType(schema: { readonly size: number }, options: unknown): AvroType {
  class FixedBytesType extends Fixed {
    override _read(tap: BytesTap): Uint8Array {
      return tap.readFixed(schema.size);
    }
    override _write(tap: BytesTap, value: unknown): void {
      tap.writeFixed(value as Uint8Array, schema.size);
    }
  }
  return new FixedBytesType(schema, options);
}

class PlainBytesType extends Bytes {
  override _read(tap: BytesTap): Uint8Array {
    return tap.readBytes();
  }
  override _write(tap: BytesTap, value: unknown): void {
    tap.writeBytes(value as Uint8Array);
  }
}

class AmountType extends Long {
  override _read(tap: BytesTap): bigint {
    return tap.readAmount();
  }
  override _write(tap: BytesTap, value: unknown): void {
    tap.writeAmount(value as bigint);
  }
}

class SafeLongType extends Long {
  override _read(tap: BytesTap): number {
    return tap.readLong();
  }
  override _write(tap: BytesTap, value: unknown): void {
    tap.writeLong(value as number);
  }
}

class CheckedIntType extends Int {
  override _read(tap: BytesTap): number {
    return tap.readInt();
  }
  override _write(tap: BytesTap, value: unknown): void {
    tap.writeInt(value as number);
  }
}

/** `null` or a value, without a wrapper. */
class OptionalType extends UnwrappedUnion {
  declare readonly types: readonly AvroType[];
  override _read(tap: BytesTap): unknown {
    const index = tap.readLong();
    if (index === 0) return null;
    if (index !== 1) throw new DecodeError('union branch out of range');
    return present(this.types[1], 'branch')._read(tap);
  }
  override _write(tap: BytesTap, value: unknown): void {
    tap.writeLong(value === null ? 0 : 1);
    if (value !== null) present(this.types[1], 'branch')._write(tap, value);
  }
}

/** A union of records as TypeScript's discriminated union on `kind`. */
function kindUnionType(schema: readonly string[], options: unknown): AvroType {
  // Names of properties are unique strings in V8, like the literals they are compared with here and
  // in every switch: equal ones are one object, and comparing others takes no look at characters.
  const kinds = Object.keys(Object.fromEntries(schema.map((name) => [shortName(name), true])));
  class KindUnionType extends WrappedUnion {
    declare readonly types: readonly AvroType[];
    override _read(tap: BytesTap): unknown {
      const index = tap.readLong();
      const type = this.types[index];
      if (type === undefined) throw new DecodeError('union branch out of range');
      // The record is nobody else's yet: a copy of it would cost as much as reading it.
      const value = type._read(tap) as { kind?: string };
      value.kind = present(kinds[index], 'a name a branch');
      return value;
    }
    override _write(tap: BytesTap, value: unknown): void {
      const { kind } = value as { kind: string };
      // Cheaper than a look-up by hash.
      let index = 0;
      while (index < kinds.length && kinds[index] !== kind) index++;
      if (index === kinds.length) fail(`no such branch: ${kind}`);
      tap.writeLong(index);
      present(this.types[index], 'branch')._write(tap, value);
    }
  }
  return new KindUnionType(schema, options);
}

function typeHook(schema: Schema, options: unknown): AvroType | undefined {
  if (Array.isArray(schema)) {
    return isOptional(schema) ? new OptionalType(schema, options) : kindUnionType(schema, options);
  }
  if (schema === 'bytes') return new PlainBytesType(schema, options);
  if (schema === 'long') return new SafeLongType(schema, options);
  if (schema === 'int') return new CheckedIntType(schema, options);
  if (typeof schema === 'string') return undefined;
  const { type, logicalType } = schema as { type?: string; logicalType?: string };
  if (type === 'fixed') return fixedType(schema as unknown as { size: number }, options);
  if (logicalType === 'amount') return new AmountType(schema, options);
  return undefined;
}

/** The avsc types of definitions by their full names; each is defined before it is named. */
export function buildTypes(definitions: readonly SchemaObject[]): ReadonlyMap<string, AvroType> {
  const registry = {};
  const options = { registry, typeHook, wrapUnions: true, omitRecordMethods: true };
  const built = new Map<string, AvroType>();
  for (const definition of definitions) {
    const type = avro.Type.forSchema(definition as avro.Schema, options as never);
    built.set(fullName(definition), type as unknown as AvroType);
  }
  return built;
}
