import fc from 'fast-check';

/** The part of an OpenAPI document that says how paths are asked. */
export interface OpenApiDocument {
  readonly paths: Record<string, { readonly get: { readonly parameters?: Parameter[] } }>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: {
    readonly type?: string;
    readonly enum?: string[];
    readonly pattern?: string;
    readonly maximum?: number;
  };
}

/** What a generator cannot guess. */
interface Examples {
  /** Keys and digests, as they stand in paths. */
  readonly hex: readonly string[];
  readonly heightMax: number;
}

/** Values that fit the schema, values near its edges, and anything. */
function valuesOf({ schema }: Parameter, { hex, heightMax }: Examples): fc.Arbitrary<string> {
  const edges = ['0', '1', '-1', '25', '4294967296', '9007199254740991', '9223372036854775808'];
  const fitting: fc.Arbitrary<string>[] = [];
  if (schema.enum !== undefined) fitting.push(fc.constantFrom(...schema.enum));
  if (schema.type === 'integer') {
    fitting.push(fc.integer({ min: 0, max: schema.maximum ?? heightMax }).map(String));
    fitting.push(fc.integer({ min: 0, max: heightMax }).map(String));
  }
  if (schema.type === 'boolean') fitting.push(fc.constantFrom('true', 'false'));
  if (schema.pattern !== undefined) {
    fitting.push(fc.stringMatching(new RegExp(schema.pattern)).filter((text) => text.length < 300));
  }
  return fc.oneof(
    { weight: 6, arbitrary: fitting.length > 0 ? fc.oneof(...fitting) : fc.constantFrom(...hex) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...edges, ...hex, '', "'; drop table blocks; --", '%00'),
    },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }) },
  );
}

/** URLs that a document allows, in all their parameters, with values that fit and others. */
export function openApiRequests(
  { paths }: OpenApiDocument,
  examples: Examples,
): fc.Arbitrary<string> {
  const requests = Object.entries(paths).map(([path, { get: operation }]) => {
    const parameters = operation.parameters ?? [];
    const parts = parameters.map((parameter) =>
      fc.record({
        parameter: fc.constant(parameter),
        value: valuesOf(parameter, examples),
        isGiven: parameter.in === 'path' ? fc.constant(true) : fc.boolean(),
      }),
    );
    return fc.tuple(...parts).map((given) => {
      let url = path;
      const query: string[] = [];
      for (const { parameter, value, isGiven } of given) {
        const text = encodeURIComponent(value);
        if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, () => text);
        else if (isGiven) query.push(`${parameter.name}=${text}`);
      }
      return query.length === 0 ? url : `${url}?${query.join('&')}`;
    });
  });
  return fc.oneof(...requests);
}
