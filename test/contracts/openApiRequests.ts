import fc from 'fast-check';

/** The parts of an OpenAPI document that say how paths are asked and what they answer. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, { readonly get: OpenApiOperation }>>;
}

export interface OpenApiOperation {
  readonly parameters?: readonly Parameter[];
  /** By status, or by class of statuses: `4XX`. */
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

interface OpenApiResponse {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: {
    readonly type?: string;
    readonly enum?: readonly string[];
    readonly pattern?: string;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly minLength?: number;
    readonly maxLength?: number;
  };
}

/** Values that exist, which no generator can guess: by path and parameter, else by parameter. */
export type Examples = Readonly<Record<string, readonly string[]>>;

export interface OpenApiRequest {
  /** As the document names it. */
  readonly path: string;
  readonly url: string;
  /** A parameter that the document does not allow as it is; null when all fit. */
  readonly misfit: string | null;
}

interface Value {
  readonly text: string;
  readonly fits: boolean;
}

const NO_INTEGERS = ['x', '1.5', 'NaN', '0b2', '0x10', '1e1', ' 1', 'Infinity', '-Infinity'];
const HOSTILE = ["'; drop table blocks; --", '%00', '\u0000', '../../etc/passwd', '{}', '\u202e'];
const INTEGERS = ['0', '1', '25', '2147483647', '4294967296', '9007199254740991'];
const TEXT_MAX = 40;

/** Whether a text is a value of the schema beyond doubt: what coercion makes of others is open. */
function fits({ schema }: Parameter, text: string): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(text);
  if (schema.type === 'boolean') return text === 'true' || text === 'false';
  if (schema.type === 'integer') {
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
    return /^(0|[1-9]\d*)$/.test(text) && Number(text) >= minimum && Number(text) <= maximum;
  }
  const length = [...text].length;
  const isShort = length <= (schema.maxLength ?? Number.POSITIVE_INFINITY);
  const isLong = length >= (schema.minLength ?? 0);
  const isLike = schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text);
  return isShort && isLong && isLike;
}

/** Values that the document allows: at the edges, in between, and those that exist. */
function fitting(parameter: Parameter, examples: readonly string[]): fc.Arbitrary<string> {
  const { type, enum: names, pattern, minimum, maximum } = parameter.schema;
  const edges = [String(minimum ?? 0), String(maximum ?? Number.MAX_SAFE_INTEGER)];
  const made: fc.Arbitrary<string>[] = [];
  if (names !== undefined) made.push(fc.constantFrom(...names));
  else if (type === 'integer') made.push(fc.constantFrom(...edges, ...INTEGERS));
  else if (type === 'boolean') made.push(fc.constantFrom('true', 'false'));
  else if (pattern !== undefined) made.push(fc.stringMatching(new RegExp(pattern)));
  else made.push(fc.string({ minLength: 1, maxLength: TEXT_MAX }));
  if (examples.length > 0) made.push(fc.constantFrom(...examples));
  return fc.oneof(...made).filter((text) => fits(parameter, text));
}

/** Values that the document does not allow, whoever reads it. */
function misfitting({ schema, in: place }: Parameter): fc.Arbitrary<string> | null {
  const { enum: names, type, pattern, minimum = 0, maximum, maxLength } = schema;
  // An empty part of a path is another path.
  const empty = place === 'path' ? [] : [''];
  if (type === 'integer') {
    const beyond = maximum === undefined ? [] : [String(maximum + 1), '1e300', '9'.repeat(30)];
    const below = String(minimum - 1);
    return fc.constantFrom(...NO_INTEGERS, below, ...beyond, ...HOSTILE, ...empty);
  }
  if (type === 'boolean') return fc.constantFrom('maybe', '2', ...HOSTILE);
  if (names !== undefined || pattern !== undefined) {
    const texts = fc.oneof(fc.string({ minLength: 1, maxLength: TEXT_MAX, unit: 'binary' }));
    const all = fc.oneof(texts, fc.constantFrom(...HOSTILE, ...empty));
    return all.filter((text) => !fits({ schema, in: place, name: '' }, text));
  }
  if (maxLength === undefined) return null;
  return fc.integer({ min: 1, max: 9 }).map((more) => 'A'.repeat(maxLength + more));
}

function anyValue(parameter: Parameter, examples: readonly string[]): fc.Arbitrary<Value> {
  const good = fitting(parameter, examples).map((text) => ({ text, fits: true }));
  const bad = misfitting(parameter)?.map((text) => ({ text, fits: false }));
  if (bad === undefined) return good;
  return fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad });
}

function requestsOf(
  path: string,
  { parameters = [] }: OpenApiOperation,
  examples: Examples,
): fc.Arbitrary<OpenApiRequest> {
  const parts = parameters.map((parameter) => {
    const known = examples[`${path}:${parameter.name}`] ?? examples[parameter.name] ?? [];
    return fc.record({
      parameter: fc.constant(parameter),
      value: anyValue(parameter, known),
      isGiven: parameter.in === 'path' ? fc.constant(true) : fc.nat({ max: 3 }).map((n) => n === 0),
    });
  });
  // Paths without a query ignore what is asked more: clients of schema registries do.
  const hasQuery = parameters.some((parameter) => parameter.in === 'query');
  const strangers = hasQuery ? ['nobody', '__proto__', 'limit[]'] : [null];
  const stranger = fc.oneof(
    { weight: 19, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...strangers) },
  );
  return fc.tuple(stranger, ...parts).map(([unknown, ...given]) => {
    let url = path;
    let misfit: string | null = unknown;
    const query = unknown === null ? [] : [`${encodeURIComponent(unknown)}=1`];
    for (const { parameter, value, isGiven } of given) {
      if (!isGiven) continue;
      const text = encodeURIComponent(value.text);
      if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, () => text);
      else query.push(`${parameter.name}=${text}`);
      if (!value.fits) misfit = parameter.name;
    }
    return { path, url: query.length === 0 ? url : `${url}?${query.join('&')}`, misfit };
  });
}

/** Requests of every path, in all its parameters: with values that fit, and with others. */
export function openApiRequests(
  { paths }: OpenApiDocument,
  examples: Examples,
): fc.Arbitrary<OpenApiRequest> {
  return fc.oneof(
    ...Object.entries(paths).map(([path, { get }]) => requestsOf(path, get, examples)),
  );
}
