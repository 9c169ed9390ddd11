import type { FastifyInstance } from 'fastify';
import type { Gateway } from '../../command/gateway/gateway.js';
import { checkEnvelope, submitEnvelope } from '../../command/gateway/submitEnvelope.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import { MAX_ENVELOPE_BYTES } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { sendProblem, statusOf } from './problem.js';

/** The envelope of a request: raw bytes, or hex in a JSON object. Null for anything else. */
function envelopeOf(body: unknown): Uint8Array | null {
  if (body instanceof Uint8Array) return body;
  if (typeof body !== 'object' || body === null) return null;
  const { envelope } = body as { readonly envelope?: unknown };
  return typeof envelope === 'string' ? parseHex(envelope) : null;
}

/**
 * The command side over HTTP, for those who do without a WebSocket: `POST /submit` answers 202 with
 * the ids of the commands, `GET /submit/{commandId}` says how one ended. Refusals are problems.
 */
export function addSubmitRoutes(server: FastifyInstance, gateway: Gateway): void {
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_ENVELOPE_BYTES },
    (_request, body, done) => done(null, body),
  );
  server.post('/submit', { bodyLimit: 3 * MAX_ENVELOPE_BYTES }, async (request, reply) => {
    const bytes = envelopeOf(request.body);
    if (bytes === null) {
      return sendProblem(
        reply,
        400,
        RejectCode.undecodable,
        'expected bytes, or {"envelope": hex}',
      );
    }
    const admission = checkEnvelope(gateway.state, bytes);
    if (!admission.ok) {
      return sendProblem(reply, statusOf(admission.code), admission.code, admission.reason);
    }
    const submission = submitEnvelope(gateway.state, admission.envelope);
    if (!submission.ok) {
      return sendProblem(reply, statusOf(submission.code), submission.code, submission.reason);
    }
    return reply.code(202).send({ open: submission.open, ended: submission.ended });
  });
  server.get<{ Params: { commandId: string } }>('/submit/:commandId', async (request, reply) => {
    const { commandId } = request.params;
    if (parseHex(commandId)?.length !== 32) {
      return sendProblem(reply, 400, RejectCode.badParameter, 'a command id is 64 hex digits');
    }
    const id = commandId.toLowerCase();
    const outcome = gateway.state.tracker.ended(id);
    if (outcome !== null) return { status: 'ended', outcome };
    if (gateway.state.tracker.isOpen(id)) return { status: 'open' };
    const detail = 'this gateway does not follow it; the reader knows executed commands';
    return sendProblem(reply, 404, RejectCode.unknownPath, detail);
  });
  server.setNotFoundHandler((_request, reply) => {
    return sendProblem(reply, 404, RejectCode.unknownPath, 'no such path on a gateway');
  });
  server.setErrorHandler((error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status === 413) return sendProblem(reply, 413, RejectCode.oversized, 'body too large');
    if (status < 500) return sendProblem(reply, 400, RejectCode.undecodable, 'unreadable body');
    throw error;
  });
}
