import type { FastifyReply } from 'fastify';
import { RejectCode, rejectName } from '../../schemas/rejectCode.js';

/** RFC 9457 problem details; `code` and `name` are the protocol's. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: number;
  readonly name: string;
  readonly detail: string;
}

const PROBLEM_SCHEMA = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'integer', description: 'number of the refusal, stable' },
    name: { type: 'string' },
    detail: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'code', 'name', 'detail'],
} as const;

/** What documents say of every answer that is a Problem. */
export const PROBLEM_CONTENT = {
  'application/problem+json': { schema: PROBLEM_SCHEMA },
} as const;

/** The body of a refusal. */
export function problemOf(status: number, code: RejectCode, detail: string): Problem {
  const name = rejectName(code) ?? 'unknown';
  return { type: `urn:nullspace:refusal:${code}`, title: name, status, code, name, detail };
}

export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: RejectCode,
  detail: string,
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(status, code, detail)));
}

const STATUS: ReadonlyMap<number, number> = new Map<number, number>([
  [RejectCode.oversized, 413],
  [RejectCode.unknownPath, 404],
  [RejectCode.badSignature, 401],
  [RejectCode.unauthorizedSigner, 403],
  [RejectCode.rateLimited, 429],
  [RejectCode.draining, 503],
  [RejectCode.unavailable, 503],
  [RejectCode.stateUnavailable, 503],
  [RejectCode.backpressure, 503],
  [RejectCode.notYetVisible, 503],
  [RejectCode.internal, 500],
]);

/** The HTTP status of a refusal: 422 where nothing closer fits. */
export function statusOf(code: RejectCode): number {
  return STATUS.get(code) ?? (code < 2000 ? 400 : 422);
}
