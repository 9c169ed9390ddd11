import type {} from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { fail } from '../../schemas/kernel/assert.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { Metrics } from '../telemetry/metrics.js';
import { isLoopback } from '../websocket/playerPath.js';
import { sendProblem } from './problem.js';

/** What a role says of itself. `ready` is its own state, never that of what it depends on. */
export interface RoleStatus {
  readonly role: string;
  readonly name: string;
  readonly ready: boolean;
  readonly height: number;
  readonly [detail: string]: unknown;
}

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'port-taken';
  readonly retriable = false;
}

/** Of those that `addStatusRoutes` adds. */
export const STATUS_PATHS: readonly string[] = ['/livez', '/readyz', '/healthz', '/metrics'];

/** The paths every role answers: /livez, /readyz, /healthz (JSON) and /metrics (Prometheus). */
export function addStatusRoutes(
  server: FastifyInstance,
  metrics: Metrics,
  status: () => RoleStatus,
): void {
  server.get('/livez', { schema: { hide: true } }, async () => ({ live: true }));
  server.get('/readyz', { schema: { hide: true } }, async (_, reply) => {
    const { ready } = status();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  server.get('/healthz', { schema: { hide: true } }, async (_, reply) => {
    const now = status();
    return reply.code(now.ready ? 200 : 503).send(now);
  });
  server.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    status(); // what gauges tell of a role's state is set as it is asked for
    return reply.type(metrics.contentType).send(await metrics.text());
  });
}

/** Else Fastify loads compilers of its own, which takes a tenth of a second of every start. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

function refuse(): never {
  return fail('a server without schemas got a route that has one');
}

/**
 * A server with nothing but the status paths; more routes may be added before it listens, those
 * with schemas where `hasSchemas` says so. Proxies that are trusted say for whom they ask.
 */
export function createStatusServer(
  metrics: Metrics,
  status: () => RoleStatus,
  options: {
    readonly trustProxy?: (address: string) => boolean;
    readonly hasSchemas?: boolean;
  } = {},
): FastifyInstance {
  const { trustProxy = isLoopback, hasSchemas = false } = options;
  const server = Fastify({
    trustProxy,
    ...(hasSchemas ? {} : { schemaController: NO_SCHEMAS }),
    logger: false,
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply as unknown as FastifyReply, 400, RejectCode.badParameter, error.message);
    },
  });
  addStatusRoutes(server, metrics, status);
  return server;
}

/** Listens and returns the base URL. Throws PortTakenError with one clear line. */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new PortTakenError(`port ${port} on ${host} is taken by another program`);
  }
}
