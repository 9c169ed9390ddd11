import { isDeepStrictEqual } from 'node:util';
import avro from 'avsc';
import { EXACT_LONG } from './exactLong.js';

/** An Avro schema in JSON: a name, a union, or a definition. */
export type Schema = string | readonly Schema[] | { readonly [attribute: string]: unknown };

interface Definition {
  readonly [attribute: string]: unknown;
  readonly type: string;
  readonly name?: string;
  readonly fields?: readonly {
    readonly name: string;
    readonly type: Schema;
    readonly default?: unknown;
  }[];
  readonly symbols?: readonly string[];
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
 * Why a schema may not follow an older one, or null. Avro's own readers must read each other's
 * records, both ways; a union and an enum may have more at their ends, which are written only from
 * a later height on. Stricter than Avro: fields are added at the end and never taken out, and their
 * defaults stay, because a value of an old log has to come to the bytes that were hashed.
 */
export function compatibilityFault(older: Schema, newer: Schema): string | null {
  const before = namedTypes(older);
  const unions = new Map<string, readonly Schema[]>();
  const changed = definitionFault(before, namedTypes(newer));
  if (changed !== null) return changed;
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
  const cut = cutToOlder(newer, before, unions);
  return unreadable(newer, older) ?? unreadable(older, cut);
}

function definitionFault(
  before: ReadonlyMap<string, Definition>,
  after: ReadonlyMap<string, Definition>,
): string | null {
  for (const [name, older] of before) {
    const newer = after.get(name);
    if (newer === undefined) continue; // where it was used, Avro says what is wrong
    const fault = fieldsFault(older, newer) ?? symbolsFault(older, newer);
    if (fault !== null) return `${name}: ${fault}`;
  }
  return null;
}

function fieldsFault(older: Definition, newer: Definition): string | null {
  const { fields: now = [] } = newer;
  for (const [index, { name, default: value }] of (older.fields ?? []).entries()) {
    if (now[index]?.name !== name) return `${name} is not where it was`;
    if (!isDeepStrictEqual(now[index]?.default, value)) return `${name} has another default`;
  }
  const added = now.slice(older.fields?.length ?? 0).find((field) => field.default === undefined);
  return added === undefined ? null : `${added.name} was added without a default`;
}

function symbolsFault(older: Definition, newer: Definition): string | null {
  const { symbols: was = [] } = older;
  const { symbols: now = [] } = newer;
  if (was.some((symbol, index) => now[index] !== symbol)) return 'an enum grows only at its end';
  if (older.default !== newer.default) return 'an enum has another default';
  const hasNothingToFallBackOn = now.length > was.length && older.default === undefined;
  return hasNothingToFallBackOn ? 'an enum without a default has more symbols' : null;
}

/** The schema with no more branches in its unions and no more symbols than they had before. */
function cutToOlder(
  schema: Schema,
  before: ReadonlyMap<string, Definition>,
  unions: ReadonlyMap<string, readonly Schema[]>,
): Schema {
  const cut = (each: Schema): Schema => cutToOlder(each, before, unions);
  if (Array.isArray(schema)) return schema.map(cut);
  if (!isDefinition(schema)) return schema;
  if (schema.symbols !== undefined) return before.get(nameOf(schema)) ?? schema;
  const fields = schema.fields?.map((field) => {
    const was = unions.get(`${nameOf(schema)}.${field.name}`);
    const isLonger = was !== undefined && Array.isArray(field.type);
    const type = isLonger ? (field.type as readonly Schema[]).slice(0, was.length) : field.type;
    return { ...field, type: cut(type) };
  });
  const items = schema.items === undefined ? {} : { items: cut(schema.items) };
  const inner = typeof schema.type === 'object' ? { type: cut(schema.type) } : {};
  return { ...schema, ...inner, ...(fields === undefined ? {} : { fields }), ...items };
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
