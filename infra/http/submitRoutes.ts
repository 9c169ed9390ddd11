import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Gateway } from '../../command/gateway/gateway.js';
import { checkEnvelope, submitEnvelope } from '../../command/gateway/submitEnvelope.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import { GATEWAY_REQUESTS_PER_MINUTE_MAX, MAX_ENVELOPE_BYTES } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { isLoopback } from '../websocket/playerPath.js';
import { sendProblem, statusOf } from './problem.js';
import { requestsPerMinute } from './requestsPerMinute.js';
import { submissionSchema, submitSchema } from './submitSchemas.js';

export interface SubmitOptions {
  readonly log: Logger;
  /** Share no limit; default loopback. */
  readonly trusted?: (address: string) => boolean;
  readonly requestsPerMinuteMax?: number;
}

const RETRY_AFTER_S = 1;
const HEX_BODY_BYTES_MAX = 3 * MAX_ENVELOPE_BYTES;
const SUBMIT = /^\/submit(?:[/?]|$)/;

/** The envelope of a request: raw bytes, or hex in a JSON object. Null for anything else. */
function envelopeOf(body: unknown): Uint8Array | null {
  if (body instanceof Uint8Array) return body;
  if (typeof body !== 'object' || body === null) return null;
  const { envelope } = body as { readonly envelope?: unknown };
  return typeof envelope === 'string' ? parseHex(envelope) : null;
}

/**
 * The command side over HTTP, for those who do without a WebSocket: `POST /submit` answers 202, or
 * 200 when all commands have ended, `GET /submit/{commandId}` says how far one is. Refusals are
 * problem details, as everything else that goes wrong. `GET /openapi.json` documents it.
 */
export async function addSubmitRoutes(
  server: FastifyInstance,
  gateway: Gateway,
  options: SubmitOptions,
): Promise<void> {
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_ENVELOPE_BYTES },
    (_request, body, done) => done(null, body),
  );
  addProblems(server, options.log);
  await addPlugins(server, gateway, options);
  server.post(
    '/submit',
    { schema: submitSchema, bodyLimit: HEX_BODY_BYTES_MAX },
    async (request, reply) => submit(gateway, request, reply),
  );
  server.get<{ Params: { commandId: string } }>(
    '/submit/:commandId',
    { schema: submissionSchema },
    async (request, reply) => sendSubmission(gateway, request.params.commandId, reply),
  );
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}

async function addPlugins(
  server: FastifyInstance,
  gateway: Gateway,
  { trusted = isLoopback, requestsPerMinuteMax }: SubmitOptions,
): Promise<void> {
  const { telemetry } = gateway.state.options;
  await server.register(rateLimit, {
    ...requestsPerMinute(requestsPerMinuteMax ?? GATEWAY_REQUESTS_PER_MINUTE_MAX),
    // Health and metrics are asked by machines that must always be answered.
    allowList: ({ ip, url }: FastifyRequest) => trusted(ip) || !SUBMIT.test(url),
    onExceeded: () => telemetry.count('gateway_ratelimited_total', { scope: 'address' }),
  });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Nullspace gateway',
        version: '1',
        description:
          'Signed commands over HTTP; the WebSocket on /play does the same and tells by itself. ' +
          'Envelopes, ids and proofs are hex. Errors are problem details (RFC 9457).',
      },
    },
  });
}

function refuse(reply: FastifyReply, code: RejectCode, detail: string): FastifyReply {
  const status = statusOf(code);
  if (status === 503 || status === 429) reply.header('retry-after', RETRY_AFTER_S);
  return sendProblem(reply, status, code, detail);
}

async function submit(
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { state } = gateway;
  const bytes = envelopeOf(request.body);
  if (bytes === null) {
    return refuse(reply, RejectCode.undecodable, 'expected bytes, or {"envelope": hex}');
  }
  const admission = checkEnvelope(state, bytes);
  if (!admission.ok) return refuse(reply, admission.code, admission.reason);
  const submission = submitEnvelope(state, admission.envelope);
  if (!submission.ok) return refuse(reply, submission.code, submission.reason);
  const { open, ended } = submission;
  return reply.code(open.length === 0 ? 200 : 202).send({ open, ended });
}

function sendSubmission(gateway: Gateway, commandId: string, reply: FastifyReply): unknown {
  if (parseHex(commandId)?.length !== 32) {
    return refuse(reply, RejectCode.badParameter, 'a command id is 64 hex digits');
  }
  const { tracker } = gateway.state;
  const id = commandId.toLowerCase();
  const outcome = tracker.ended(id);
  if (outcome !== null) return { status: 'ended', outcome };
  const command = tracker.command(id);
  if (command !== null) return { status: command.accepted ? 'accepted' : 'open' };
  const detail = 'this gateway does not follow it; the reader knows executed commands';
  return refuse(reply, RejectCode.unknownPath, detail);
}

interface Thrown {
  readonly message?: string;
  readonly statusCode?: number;
}

function addProblems(server: FastifyInstance, log: Logger): void {
  server.setNotFoundHandler((request, reply) => {
    if (/^\/submit\/?(?:\?|$)/.test(request.url)) {
      const detail = 'POST an envelope here, or GET /submit/{commandId}';
      return sendProblem(reply.header('allow', 'POST'), 405, RejectCode.unknownPath, detail);
    }
    const detail = 'no such path on a gateway; /openapi.json lists those there are';
    return sendProblem(reply, 404, RejectCode.unknownPath, detail);
  });
  server.setErrorHandler((error, request, reply) => {
    const { statusCode = 500, message = '' } = error as Thrown;
    if (statusCode === 413) return sendProblem(reply, 413, RejectCode.oversized, 'body too large');
    if (statusCode === 429) return sendProblem(reply, 429, RejectCode.rateLimited, message);
    if (statusCode === 415) {
      const detail = 'expected application/json or application/octet-stream';
      return sendProblem(reply, 415, RejectCode.undecodable, detail);
    }
    if (statusCode < 500) {
      return sendProblem(reply, 400, RejectCode.undecodable, 'unreadable body');
    }
    log.error({ err: error, url: request.url }, 'a request failed');
    return sendProblem(reply, 500, RejectCode.internal, 'a bug of this gateway; it is in its log');
  });
}
