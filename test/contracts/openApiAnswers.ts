import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument } from './openApiRequests.js';

/** What came back, as a client of HTTP sees it. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** Says what of an answer is not in the document; null when all of it is. */
export type AnswerCheck = (path: string, answer: HttpAnswer) => string | null;

/** Statuses without a body. */
const EMPTY = new Set([204, 304]);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Checks answers by a document's own words: status, content type, and the body by its schema. */
export function openApiAnswers({ paths }: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const compiled = new Map<object, ValidateFunction>();
  const validatorOf = (schema: object): ValidateFunction => {
    let validate = compiled.get(schema);
    if (validate === undefined) compiled.set(schema, (validate = ajv.compile(schema)));
    return validate;
  };
  return (path, { status, contentType, text }) => {
    const responses = paths[path]?.get.responses;
    if (responses === undefined) return `no path ${path}`;
    const response = responses[status] ?? responses[`${String(status)[0]}XX`];
    if (response === undefined) return `status ${status} is not documented`;
    if (EMPTY.has(status)) return text === '' ? null : 'a body where there is none';
    const type = (contentType ?? '').split(';')[0]?.trim() ?? '';
    const content = response.content?.[type];
    if (content === undefined) return `${status} with ${type || 'no content type'}`;
    const body = type.endsWith('json') ? parse(text) : text;
    if (body === undefined) return 'not JSON';
    const validate = validatorOf(content.schema);
    return validate(body) ? null : ajv.errorsText(validate.errors, { dataVar: 'body' });
  };
}
