import { PROBLEM_CONTENT } from './problem.js';

/** JSON schemas of the gateway's HTTP side, for its OpenAPI document. */

const PROBLEM = { content: PROBLEM_CONTENT, description: 'refused (RFC 9457)' } as const;

const ID = { type: 'string', description: '64 hex digits' } as const;

const OUTCOME = {
  type: 'object',
  additionalProperties: true,
  description: 'executed, refused or expired, with its proof: as on the WebSocket',
  properties: { type: { type: 'string', enum: ['executed', 'refused', 'expired'] } },
} as const;

const SUBMITTED = {
  type: 'object',
  properties: {
    open: { type: 'array', items: ID, description: 'ids of the commands that have not ended' },
    ended: { type: 'array', items: OUTCOME },
  },
  required: ['open', 'ended'],
} as const;

export const submitSchema = {
  summary: 'Hand over a signed envelope',
  description:
    'The same bytes again get the same answers. Raw bytes as application/octet-stream, or ' +
    '`{"envelope": hex}`.',
  tags: ['commands'],
  consumes: ['application/json', 'application/octet-stream'],
  response: {
    200: { ...SUBMITTED, description: 'every command has ended' },
    202: { ...SUBMITTED, description: 'followed to its end: ask GET /submit/{commandId}' },
    '4xx': PROBLEM,
    '5xx': PROBLEM,
  },
} as const;

export const submissionSchema = {
  summary: 'How far a command is',
  tags: ['commands'],
  params: { type: 'object', properties: { commandId: ID }, required: ['commandId'] },
  response: {
    200: {
      type: 'object',
      description: '`accepted`: f + 1 validators hold it on disk',
      properties: {
        status: { type: 'string', enum: ['open', 'accepted', 'ended'] },
        outcome: OUTCOME,
      },
      required: ['status'],
    },
    '4xx': PROBLEM,
    '5xx': PROBLEM,
  },
} as const;
