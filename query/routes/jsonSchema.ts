import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../../schemas/limits.js';

/** JSON Schema, as fastify and OpenAPI 3.1 read it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

type Properties = Readonly<Record<string, JsonSchema>>;

const HEIGHT_MAX = Number.MAX_SAFE_INTEGER;

export const height: JsonSchema = { type: 'integer', minimum: 0, maximum: HEIGHT_MAX };
export const count: JsonSchema = { type: 'integer', minimum: 0 };
export const timestamp: JsonSchema = {
  type: 'integer',
  minimum: 0,
  description: 'block time, ms since 1970',
};
/** A whole number of the asset's smallest unit; a string, because JSON numbers lose digits. */
export const amount: JsonSchema = { type: 'string', pattern: '^-?[0-9]+$' };
export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const hexBytes: JsonSchema = { type: 'string', pattern: '^([0-9a-f]{2})*$' };
export const hash: JsonSchema = {
  type: 'string',
  pattern: '^[0-9a-f]{64}$',
  description: '32 bytes, lower-case hex',
};
/** Fields that differ by kind. */
export const fields: JsonSchema = { type: 'object', additionalProperties: true };

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

export function nullable(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema.type, 'null'] };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** An object whose properties are all there. */
export function object(properties: Properties): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** Path parameters: all are needed. */
export function pathParameters(properties: Properties): JsonSchema {
  return { ...object(properties), additionalProperties: false };
}

/** Query parameters: none is needed, and a misspelt one is an error rather than ignored. */
export function queryParameters(properties: Properties): JsonSchema {
  return { type: 'object', properties, additionalProperties: false };
}

/** Hex of 32 bytes in a path, in either case. */
export const hashParameter: JsonSchema = { type: 'string', pattern: '^[0-9a-fA-F]{64}$' };

export const minHeight: JsonSchema = {
  ...height,
  description: 'wait until this height is visible: read your own writes',
};
/** Of answers that take from sums which the tables keep, and which no height can be taken off. */
export const heightOfSums: JsonSchema = {
  ...height,
  description: 'sums and ranks may hold a few heights above it, which are being written',
};
export const asOf: JsonSchema = { ...height, description: 'answer as of this height' };

export const paging: Properties = {
  cursor: {
    type: 'string',
    maxLength: 64,
    description: 'nextCursor of the page before',
  },
  limit: {
    ...{ type: 'integer', minimum: 1, maximum: PAGE_ROWS_MAX },
    description: `rows of a page; ${PAGE_ROWS_DEFAULT} where nothing is said`,
  },
  minHeight,
};

/** Query of a list, newest first. */
export function pageQuery(more: Properties = {}): JsonSchema {
  return queryParameters({
    ...paging,
    asOf,
    fromHeight: { ...height, description: 'nothing below this height' },
    ...more,
  });
}

/** Query of a list that ends by itself. */
export const shortPageQuery: JsonSchema = queryParameters(paging);

/** A page of a list; `nextCursor` is null on the last one. */
export function pageOf(items: JsonSchema, more: Properties = {}): JsonSchema {
  return object({
    ...more,
    items: list(items),
    nextCursor: nullable(text),
    asOf: height,
    visibleHeight: height,
  });
}
