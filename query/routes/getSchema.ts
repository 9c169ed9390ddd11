import { RejectCode } from '../../schemas/rejectCode.js';
import { DEFINITIONS, SCHEMA_IDS } from '../../schemas/types/definitions.js';
import { object, pathParameters, text } from './jsonSchema.js';
import { type Route, refused } from './route.js';

interface Definition {
  readonly namespace: string;
  readonly name: string;
}

export const getSchema: Route = {
  url: '/schemas/ids/:id',
  summary: "An Avro schema by the id in a record's frame, as a schema registry answers it",
  tag: 'chain',
  changesWith: 'visible',
  params: pathParameters({ id: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 } }),
  answer: object({ schema: text }),
  async read(_context, parameters: { readonly id: number }) {
    const found = Object.entries(SCHEMA_IDS).find(([, id]) => id === parameters.id);
    if (found === undefined) {
      return refused(RejectCode.unknownPath, `no schema has id ${parameters.id}`);
    }
    const schema = JSON.stringify(inlined(`nullspace.${found[0]}`, new Set()));
    return { kind: 'found', body: { schema }, immutable: `schema-${parameters.id}` };
  },
};

const BY_NAME: ReadonlyMap<string, object> = new Map(
  (DEFINITIONS as readonly (Definition & object)[]).map((definition) => [
    `${definition.namespace}.${definition.name}`,
    definition,
  ]),
);

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
