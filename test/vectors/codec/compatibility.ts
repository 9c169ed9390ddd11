import avro from 'avsc';
import { EXACT_LONG } from './exactLong.js';

/** An Avro schema in JSON: a name, a union, or a definition. */
export type Schema = string | readonly Schema[] | { readonly [attribute: string]: unknown };

interface Definition {
  readonly [attribute: string]: unknown;
  readonly type: string;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
  readonly items?: Schema;
}

function isDefinition(schema: Schema): schema is Definition {
  return typeof schema === 'object' && !Array.isArray(schema);
}

/** Every named type of a schema, by its whole name. */
function namedTypes(schema: Schema, found = new Map<string, Definition>()) {
  if (Array.isArray(schema)) for (const branch of schema) namedTypes(branch, found);
  if (!isDefinition(schema)) return found;
  if (schema.name !== undefined) found.set(nameOf(schema), schema);
  for (const { type } of schema.fields ?? []) namedTypes(type, found);
  if (schema.items !== undefined) namedTypes(schema.items, found);
  if (typeof schema.type === 'object') namedTypes(schema.type, found);
  return found;
}

function nameOf(schema: Schema): string {
  if (typeof schema === 'string') return schema;
  if (!isDefinition(schema)) return 'union';
  if (schema.name === undefined) return schema.type;
  return schema.namespace === undefined ? schema.name : `${schema.namespace}.${schema.name}`;
}

/** Whether the branches of `older` begin `newer`, in their order. */
function begins(older: readonly Schema[], newer: readonly Schema[]): boolean {
  return older.every((branch, index) => {
    const other = newer[index];
    return other !== undefined && nameOf(branch) === nameOf(other);
  });
}

/**
 * Why a schema may not follow an older one, or null. Records must be readable by each other, both
 * ways; a union may have more branches at its end, which are written only from a later height on.
 */
export function compatibilityFault(older: Schema, newer: Schema): string | null {
  const before = namedTypes(older);
  const unions = new Map<string, readonly Schema[]>();
  for (const [name, { fields = [] }] of before) {
    for (const field of fields) {
      if (Array.isArray(field.type)) unions.set(`${name}.${field.name}`, field.type);
    }
  }
  for (const [name, { fields = [] }] of namedTypes(newer)) {
    for (const field of fields) {
      const was = unions.get(`${name}.${field.name}`);
      if (was === undefined || !Array.isArray(field.type)) continue;
      if (!begins(was, field.type)) return `${name}.${field.name}: a union grows only at its end`;
    }
  }
  const cut = cutUnions(newer, unions);
  return unreadable(newer, older) ?? unreadable(older, cut);
}

/** The schema with no more branches in its unions than they had before. */
function cutUnions(schema: Schema, unions: ReadonlyMap<string, readonly Schema[]>): Schema {
  if (Array.isArray(schema)) return schema.map((branch) => cutUnions(branch, unions));
  if (!isDefinition(schema)) return schema;
  const fields = schema.fields?.map((field) => {
    const was = unions.get(`${nameOf(schema)}.${field.name}`);
    const isLonger = was !== undefined && Array.isArray(field.type);
    const type = isLonger ? (field.type as readonly Schema[]).slice(0, was.length) : field.type;
    return { ...field, type: cutUnions(type, unions) };
  });
  const items = schema.items === undefined ? {} : { items: cutUnions(schema.items, unions) };
  return { ...schema, ...(fields === undefined ? {} : { fields }), ...items };
}

function unreadable(reader: Schema, writer: Schema): string | null {
  try {
    typeOf(reader).createResolver(typeOf(writer));
    return null;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
}

function typeOf(schema: Schema): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true });
}

/** Reads what an older version wrote, as a newer one sees it; 64-bit integers stay exact. */
export function readAs(newer: Schema, older: Schema, body: Buffer): unknown {
  const reader = exactTypeOf(newer);
  return reader.fromBuffer(body, reader.createResolver(exactTypeOf(older)));
}

export function writeAs(schema: Schema, value: unknown): Buffer {
  return exactTypeOf(schema).toBuffer(value);
}

function exactTypeOf(schema: Schema): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, {
    wrapUnions: true,
    typeHook(each) {
      const { type = each } = each as { type?: unknown };
      return type === 'long' ? EXACT_LONG : undefined;
    },
  });
}

/** What is said of a schema is no part of it. */
export function withoutDocs(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema, (name, value) => (name === 'doc' ? undefined : value)));
}
