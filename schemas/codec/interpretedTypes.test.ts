import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEXT_VALUES, type NextTypes, nextSchemas } from '../../test/vectors/codec/nextRelease.js';
import { present } from '../kernel/assert.js';
import { definitionsOf, type SchemaObject } from '../kernel/schemaDefinitions.js';
import { DEFINITIONS, type FramedTypes, SCHEMA_IDS } from '../types/definitions.js';
import { buildTypes as compiledTypes } from './avroTypes.js';
import { BytesTap, DecodeError } from './bytesTap.js';
import { FRAME_HEADER_BYTES } from './codec.js';
import { buildTypes } from './interpretedTypes.js';
import { VersionedCodec } from './versionedCodec.js';

type Schema = string | readonly Schema[] | { readonly [key: string]: unknown };
type Definition = { readonly namespace: string; readonly name: string; readonly type: string };

const compiled = compiledTypes(DEFINITIONS);
const interpreted = buildTypes(DEFINITIONS);
const compiledType = (name: string) => present(compiled.get(`nullspace.${name}`), name);
const avroType = (name: string) => present(interpreted.get(`nullspace.${name}`), name);

const BY_NAME = new Map(
  (DEFINITIONS as readonly object[] as readonly Definition[]).map((each) => [
    `${each.namespace}.${each.name}`,
    each,
  ]),
);

/** Any value of a schema, small. */
function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) {
    if (schema.length === 2 && schema[0] === 'null') {
      return fc.option(valuesOf(schema[1] as Schema));
    }
    return fc.oneof(
      ...schema.map((branch: string) => {
        const kind = branch.slice(branch.lastIndexOf('.') + 1);
        return valuesOf(branch).map((value) => ({ kind, ...(value as object) }));
      }),
    );
  }
  if (typeof schema === 'string') {
    const primitives: Record<string, fc.Arbitrary<unknown>> = {
      boolean: fc.boolean(),
      int: fc.integer(),
      long: fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }),
      bytes: fc.uint8Array({ maxLength: 20 }),
      string: fc.string({ maxLength: 12 }).map((text) => text.replace(/[^ -~]/g, '')),
    };
    return primitives[schema] ?? valuesOf(BY_NAME.get(schema) as unknown as Schema);
  }
  const object = schema as { readonly [key: string]: unknown };
  switch (object.type) {
    case 'fixed':
      return fc.uint8Array({ minLength: Number(object.size), maxLength: Number(object.size) });
    case 'enum':
      return fc.constantFrom(...(object.symbols as string[]));
    case 'array':
      return fc.array(valuesOf(object.items as Schema), { maxLength: 2 });
    case 'record': {
      const fields = object.fields as { readonly name: string; readonly type: Schema }[];
      return fc.record(Object.fromEntries(fields.map((each) => [each.name, valuesOf(each.type)])));
    }
    default:
      return object.logicalType === 'amount'
        ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
        : valuesOf(object.type as Schema);
  }
}

const names = Object.keys(SCHEMA_IDS) as (keyof FramedTypes)[];

describe('the interpreted types', () => {
  it.each(names)('write and read %s as the compiled ones do', (name) => {
    const values = valuesOf(BY_NAME.get(`nullspace.${name}`) as unknown as Schema);
    fc.assert(
      fc.property(values, (value) => {
        const compiled = new BytesTap();
        compiledType(name)._write(compiled, value);
        const interpreted = new BytesTap();
        avroType(name)._write(interpreted, value);
        const bytes = compiled.take();
        expect(interpreted.take()).toEqual(bytes);
        expect(avroType(name)._read(new BytesTap(bytes))).toEqual(
          compiledType(name)._read(new BytesTap(bytes)),
        );
      }),
      { numRuns: 10 },
    );
  });

  it.each(names)('read %s from any bytes alike, or refuse them alike', (name) => {
    const attempt = (type: typeof avroType, bytes: Uint8Array): unknown => {
      try {
        return { value: type(name)._read(new BytesTap(bytes)) };
      } catch (error) {
        if (error instanceof Error) return 'refused';
        throw error;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(attempt(avroType, bytes)).toEqual(attempt(compiledType, bytes));
      }),
      { numRuns: 40 },
    );
  });

  it('refuse a branch and a symbol that there are not, as bad bytes', () => {
    const read = (name: keyof FramedTypes, ...bytes: number[]) =>
      avroType(name)._read(new BytesTap(Uint8Array.of(...bytes)));
    expect(() => read('StateKey', 0x7e)).toThrow(DecodeError);
    expect(() => read('StateValue')).toThrow(DecodeError);
  });

  it('read a record of another release, and what it was before', () => {
    const { definitions, olderVersions } = nextSchemas();
    const codec = new VersionedCodec<NextTypes>(nextSchemas());
    const older = present(
      olderVersions.find(({ name }) => name === 'BlockHeader'),
      'version 1',
    );
    const read = (of: readonly SchemaObject[], header: NextTypes['BlockHeader']) => {
      const tap = new BytesTap(codec.encode('BlockHeader', header).subarray(FRAME_HEADER_BYTES));
      return present(buildTypes(of).get('nullspace.BlockHeader'), 'type')._read(tap);
    };
    const { old, new: changed } = NEXT_VALUES.header;
    expect(read(definitions, changed)).toEqual(changed);
    const { readyFor: _added, ...header } = old;
    expect(read(definitionsOf(older.schema), old)).toEqual(header);
  });
});
