import { DEFINITIONS, SCHEMA_IDS } from '../types/definitions.js';

interface Definition {
  readonly namespace: string;
  readonly name: string;
}

/** Records that travel in a frame, by the id in it. */
const NAME_OF_ID: ReadonlyMap<number, string> = new Map(
  Object.entries(SCHEMA_IDS).map(([name, id]) => [id, name]),
);

const BY_NAME: ReadonlyMap<string, object> = new Map(
  (DEFINITIONS as readonly (Definition & object)[]).map((definition) => [
    `${definition.namespace}.${definition.name}`,
    definition,
  ]),
);

/**
 * The Avro schema with this id, whole: every name is defined where it is first met, as a schema
 * registry and files of Avro have it. Null when no record has the id.
 */
export function wholeSchema(id: number): object | null {
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
