import { present } from './assert.js';

/** An Avro schema in JSON: a name, a union, or a definition. */
export type Schema = string | readonly Schema[] | SchemaObject;

export interface SchemaObject {
  readonly type: Schema;
  readonly logicalType?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fields?: readonly SchemaField[];
  readonly symbols?: readonly string[];
  readonly size?: number;
  readonly items?: Schema;
  readonly default?: unknown;
  readonly doc?: string;
}

export interface SchemaField {
  readonly name: string;
  readonly type: Schema;
  readonly default?: unknown;
  readonly doc?: string;
}

/** A version that a record had before, whole: every name is defined where it is first met. */
export interface OlderVersion {
  /** Of the record, without namespace. */
  readonly name: string;
  readonly id: number;
  readonly schema: object;
}

export function fullName({ namespace, name }: SchemaObject): string {
  const short = present(name, 'the name of a definition');
  return namespace === undefined ? short : `${namespace}.${short}`;
}

export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

export function isOptional(schema: readonly Schema[]): boolean {
  return schema.length === 2 && schema[0] === 'null';
}

/** Definitions by name, each naming the others: what one that defines them inside comes to. */
export function definitionsOf(whole: object): SchemaObject[] {
  const found: SchemaObject[] = [];
  const named = (schema: Schema): Schema => {
    if (typeof schema === 'string') return schema;
    if (isUnion(schema)) return schema.map(named);
    const { name, fields, items } = schema;
    if (items !== undefined) return { ...schema, items: named(items) };
    if (name === undefined) return schema;
    const own = fields?.map((field) => ({ ...field, type: named(field.type) }));
    found.push(own === undefined ? schema : { ...schema, fields: own });
    return fullName(schema);
  };
  named(whole as SchemaObject);
  return found;
}

export function isUnion(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}
