import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { AdapterLog } from '../postgres/connection.js';
import { isAway, isUnprojected, PostgresError } from '../postgres/errors.js';
import { wantsPage } from './explorerPage.js';
import { problemOf, sendProblem } from './problem.js';

/** Seconds after which a refused read may be tried again. */
const RETRY_AFTER_S = 1;

export function sendRetry(reply: FastifyReply, code: RejectCode, detail: string): FastifyReply {
  return sendProblem(reply.header('retry-after', RETRY_AFTER_S), 503, code, detail);
}

interface Thrown {
  readonly message?: string;
  readonly statusCode?: number;
  readonly validation?: readonly { readonly instancePath?: string }[];
}

/** Problem details for whatever a request ran into. A bug is logged, and said without its words. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: AdapterLog,
): FastifyReply {
  if (error instanceof PostgresError) return sendDatabaseError(error, request, reply, log);
  const { message = '', statusCode = 500, validation } = error as Thrown;
  if (validation !== undefined) {
    const isCursor = validation.some(({ instancePath }) => instancePath === '/cursor');
    const code = isCursor ? RejectCode.badCursor : RejectCode.badParameter;
    return sendProblem(reply, 400, code, message);
  }
  if (statusCode === 429) return sendProblem(reply, 429, RejectCode.rateLimited, message);
  if (statusCode === 413) return sendProblem(reply, 413, RejectCode.oversized, message);
  if (statusCode >= 400 && statusCode < 500) {
    return sendProblem(reply, statusCode, RejectCode.badParameter, message);
  }
  log.error({ err: error, url: request.url }, 'a read failed');
  return sendProblem(reply, 500, RejectCode.internal, 'a bug of this reader; it is in its log');
}

function sendDatabaseError(
  error: PostgresError,
  request: FastifyRequest,
  reply: FastifyReply,
  log: AdapterLog,
): FastifyReply {
  if (isUnprojected(error)) {
    return sendRetry(reply, RejectCode.unavailable, 'the tables of this version are being made');
  }
  // That a database is away is said by who routes to it, once, and not with each request.
  const level = isAway(error) ? 'debug' : 'warn';
  log[level]({ err: error, url: request.url }, 'the database did not answer a read');
  if (error.code === 'busy') return sendRetry(reply, RejectCode.backpressure, error.message);
  if (error.code === 'timeout') {
    const detail = 'took too long: ask for fewer heights, or again if it is one row alone';
    return sendRetry(reply, RejectCode.unavailable, detail);
  }
  if (error.retriable || isAway(error))
    return sendRetry(reply, RejectCode.unavailable, 'the database is away');
  return sendProblem(reply, 500, RejectCode.internal, 'a bug of this reader; it is in its log');
}

/**
 * Bytes that are no request of HTTP, or headers without end: there is no reply to send through, so
 * that the answer is written to the socket.
 */
export function refuseUnparsed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const isLong = error.code === 'HPE_HEADER_OVERFLOW';
    const [status, title] = isLong
      ? ([431, 'Request Header Fields Too Large'] as const)
      : ([400, 'Bad Request'] as const);
    const code = isLong ? RejectCode.oversized : RejectCode.badParameter;
    const detail = isLong ? 'path and headers are too long' : 'no request that HTTP has';
    const body = JSON.stringify(problemOf(status, code, detail));
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'access-control-allow-origin: *',
      'connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

/** Paths and methods that the server does not have. */
export function addNotFound(
  server: FastifyInstance,
  sendPage: ((reply: FastifyReply) => FastifyReply) | null,
): void {
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, (request, reply) => {
    const { method, url } = request;
    if (/^\/submit(?:[/?]|$)/.test(url)) {
      const detail = 'commands go to a gateway: POST /submit or a WebSocket on /play there';
      return sendProblem(reply, 404, RejectCode.unknownPath, detail);
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const detail = 'a reader answers GET and HEAD';
      return sendProblem(reply.header('allow', 'GET, HEAD'), 405, RejectCode.unknownPath, detail);
    }
    if (wantsPage(request) && sendPage !== null) return sendPage(reply);
    const detail = 'no such path; /openapi.json lists those there are';
    return sendProblem(reply, 404, RejectCode.unknownPath, detail);
  });
}
