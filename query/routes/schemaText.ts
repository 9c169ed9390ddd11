import { DEFINITIONS, SCHEMA_IDS } from '../../schemas/types/definitions.js';

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

/** The Avro schema with this id, whole and in JSON, as a schema registry has it; or null. */
export function schemaText(id: number): string | null {
  const name = NAME_OF_ID.get(id);
  return name === undefined ? null : JSON.stringify(inlined(`nullspace.${name}`, new Set()));
}

/** The definition with every name it uses defined where it is first met, as Avro wants it. */
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
