import { fullName } from '../kernel/schemaDefinitions.js';
import { DEFINITIONS, OLDER_VERSIONS, SCHEMA_IDS } from '../types/definitions.js';

type FramedName = keyof typeof SCHEMA_IDS;

/** Whole schemas of older versions, by id. */
const OLDER_BY_ID: ReadonlyMap<number, object> = new Map(
  OLDER_VERSIONS.map(({ id, schema }) => [id, schema]),
);

/** Newest versions of records that travel in a frame, by the id in it. */
const NAME_OF_ID: ReadonlyMap<number, string> = new Map(
  Object.entries(SCHEMA_IDS).map(([name, id]) => [id, name]),
);

const BY_NAME: ReadonlyMap<string, object> = new Map(
  DEFINITIONS.map((definition) => [fullName(definition), definition]),
);

/** Ids of all versions of a record, oldest first: a version's number is its place, from 1. */
export function schemaVersions(name: FramedName): readonly number[] {
  const older = OLDER_VERSIONS.filter((version) => version.name === name);
  return [...older.map(({ id }) => id), SCHEMA_IDS[name]];
}

/**
 * The Avro schema with this id, whole: every name is defined where it is first met, as a schema
 * registry and files of Avro have it. Null when no record has the id.
 */
export function wholeSchema(id: number): object | null {
  const older = OLDER_BY_ID.get(id);
  if (older !== undefined) return older;
  const name = NAME_OF_ID.get(id);
  const definition = name === undefined ? undefined : BY_NAME.get(`nullspace.${name}`);
  return definition === undefined
    ? null
    : inlinedFields(definition, new Set([`nullspace.${name}`]));
}

function inlined(node: unknown, seen: Set<string>): unknown {
  if (typeof node === 'string') {
    const definition = BY_NAME.get(node);
    if (definition === undefined || seen.has(node)) return node;
    seen.add(node);
    return inlinedFields(definition, seen);
  }
  if (Array.isArray(node)) return node.map((item) => inlined(item, seen));
  return typeof node === 'object' && node !== null ? inlinedFields(node, seen) : node;
}

function inlinedFields(node: object, seen: Set<string>): object {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(node)) {
    const holdsTypes = name === 'type' || name === 'items' || name === 'fields';
    copy[name] = holdsTypes ? inlined(value, seen) : value;
  }
  return copy;
}
