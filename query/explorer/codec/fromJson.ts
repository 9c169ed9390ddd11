import { parseHex } from '../../../schemas/kernel/bytes.js';
import { DEFINITIONS, type FramedTypes } from '../../../schemas/types/definitions.js';

type Schema = string | readonly Schema[] | SchemaObject;

interface SchemaObject {
  readonly type: string;
  readonly logicalType?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly items?: Schema;
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
}

const BY_NAME: ReadonlyMap<string, SchemaObject> = new Map(
  (DEFINITIONS as readonly SchemaObject[]).map((definition) => [
    `${definition.namespace}.${definition.name}`,
    definition,
  ]),
);

/** What is no JSON form of the record, with the field at which that shows. */
export class JsonFormError extends Error {
  override readonly name = 'JsonFormError';
}

/**
 * A record from the reader's JSON form (hex and decimal strings) in the codec's own: bytes and
 * bigints where its schema has them. Throws JsonFormError.
 */
export function fromJson<Name extends keyof FramedTypes>(
  name: Name,
  json: unknown,
): FramedTypes[Name] {
  return revive(`nullspace.${name}`, json, name) as FramedTypes[Name];
}

function revive(schema: Schema, json: unknown, at: string): unknown {
  if (typeof schema === 'string') {
    const named = BY_NAME.get(schema);
    if (named !== undefined) return reviveObject(named, json, at);
    return schema === 'bytes' ? bytesAt(json, at) : json;
  }
  if ('type' in schema) return reviveObject(schema, json, at);
  if (json === null) return null;
  const [first, second] = schema;
  if (schema.length === 2 && first === 'null' && second !== undefined) {
    return revive(second, json, at);
  }
  const { kind } = json as { readonly kind?: unknown };
  const branch = schema.find((each) => typeof each === 'string' && each.endsWith(`.${kind}`));
  if (branch === undefined) throw new JsonFormError(`${at}: no such kind: ${String(kind)}`);
  return { kind, ...(revive(branch, json, at) as object) };
}

function reviveObject(schema: SchemaObject, json: unknown, at: string): unknown {
  switch (schema.type) {
    case 'fixed':
      return bytesAt(json, at);
    case 'array': {
      if (!Array.isArray(json)) throw new JsonFormError(`${at}: not a list`);
      return json.map((item) => revive(schema.items ?? 'null', item, at));
    }
    case 'record':
      return reviveRecord(schema, json, at);
    default:
      return schema.logicalType === 'amount' ? amountAt(json, at) : json;
  }
}

function reviveRecord(schema: SchemaObject, json: unknown, at: string): object {
  if (typeof json !== 'object' || json === null) throw new JsonFormError(`${at}: not an object`);
  const values = json as Readonly<Record<string, unknown>>;
  const record: Record<string, unknown> = {};
  for (const { name, type } of schema.fields ?? []) {
    if (!(name in values)) throw new JsonFormError(`${at}.${name} is missing`);
    record[name] = revive(type, values[name], `${at}.${name}`);
  }
  return record;
}

function bytesAt(json: unknown, at: string): Uint8Array {
  const bytes = typeof json === 'string' ? parseHex(json) : null;
  if (bytes === null) throw new JsonFormError(`${at}: not hex`);
  return bytes;
}

function amountAt(json: unknown, at: string): bigint {
  if (typeof json === 'string' && /^-?[0-9]{1,20}$/.test(json)) return BigInt(json);
  throw new JsonFormError(`${at}: not an amount`);
}
