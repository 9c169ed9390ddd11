import { parseHex } from '../kernel/bytes.js';
import {
  fullName,
  isOptional,
  isUnion,
  type Schema,
  type SchemaObject,
} from '../kernel/schemaDefinitions.js';
import { DEFINITIONS, type FramedTypes } from '../types/definitions.js';

const BY_NAME: ReadonlyMap<string, SchemaObject> = new Map(
  (DEFINITIONS as readonly SchemaObject[]).map((definition) => [fullName(definition), definition]),
);

/** What is no JSON form of the record, with the field at which that shows. */
export class JsonFormError extends Error {
  override readonly name = 'JsonFormError';
}

const INT_MAX = 2 ** 31 - 1;
const AMOUNT_LIMIT = 2n ** 63n;

/**
 * A record from the reader's JSON form (hex and decimal strings) in the codec's own: bytes and
 * bigints where its schema has them. What it gives can be encoded. Throws JsonFormError.
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
    return named === undefined ? primitiveAt(schema, json, at) : reviveObject(named, json, at);
  }
  if (!isUnion(schema)) return reviveObject(schema, json, at);
  if (isOptional(schema)) return json === null ? null : revive(schema[1] as Schema, json, at);
  const kind = (json as { readonly kind?: unknown } | null)?.kind;
  const branch = schema.find((each) => typeof each === 'string' && each.endsWith(`.${kind}`));
  if (branch === undefined) throw new JsonFormError(`${at}: no such kind: ${String(kind)}`);
  return { kind, ...(revive(branch, json, at) as object) };
}

function reviveObject(schema: SchemaObject, json: unknown, at: string): unknown {
  switch (schema.type) {
    case 'fixed': {
      const bytes = bytesAt(json, at);
      if (bytes.length === schema.size) return bytes;
      throw new JsonFormError(`${at}: not ${schema.size} bytes`);
    }
    case 'enum':
      if (schema.symbols?.includes(json as string)) return json;
      throw new JsonFormError(`${at}: no such symbol: ${String(json)}`);
    case 'array': {
      if (!Array.isArray(json)) throw new JsonFormError(`${at}: not a list`);
      return json.map((item) => revive(schema.items ?? 'null', item, at));
    }
    case 'record':
      return reviveRecord(schema, json, at);
    default:
      return schema.logicalType === 'amount' ? amountAt(json, at) : revive(schema.type, json, at);
  }
}

function reviveRecord(schema: SchemaObject, json: unknown, at: string): object {
  if (typeof json !== 'object' || json === null) throw new JsonFormError(`${at}: not an object`);
  const values = json as Readonly<Record<string, unknown>>;
  const record: Record<string, unknown> = {};
  for (const { name, type } of schema.fields ?? []) {
    if (!Object.hasOwn(values, name)) throw new JsonFormError(`${at}.${name} is missing`);
    record[name] = revive(type, values[name], `${at}.${name}`);
  }
  return record;
}

function primitiveAt(type: string, json: unknown, at: string): unknown {
  if (type === 'bytes') return bytesAt(json, at);
  const isInt = Number.isSafeInteger(json) && !Object.is(json, -0);
  const isOfType =
    type === 'long'
      ? isInt
      : type === 'int'
        ? isInt && Math.abs(json as number) <= INT_MAX
        : typeof json === type;
  if (isOfType) return json;
  throw new JsonFormError(`${at}: not of type ${type}`);
}

function bytesAt(json: unknown, at: string): Uint8Array {
  const bytes = typeof json === 'string' ? parseHex(json) : null;
  if (bytes === null) throw new JsonFormError(`${at}: not hex`);
  return bytes;
}

function amountAt(json: unknown, at: string): bigint {
  const isWhole = typeof json === 'string' && /^-?[0-9]{1,20}$/.test(json);
  const amount = isWhole ? BigInt(json) : AMOUNT_LIMIT;
  if (amount < AMOUNT_LIMIT && amount >= -AMOUNT_LIMIT) return amount;
  throw new JsonFormError(`${at}: not an amount`);
}
