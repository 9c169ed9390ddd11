import { createHash } from 'node:crypto';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type preValidationAsyncHookHandler,
} from 'fastify';
import type { SqlSource, StateReader } from '../../query/ports.js';
import type { JsonSchema } from '../../query/routes/jsonSchema.js';
import type { Answer, Parameters, Route } from '../../query/routes/route.js';
import { routes } from '../../query/routes/routes.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import {
  READ_REQUESTS_PER_MINUTE_MAX,
  READ_WAIT_MS_MAX,
  STATE_KEY_BYTES_MAX,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { AdapterLog } from '../postgres/connection.js';
import type { Metrics } from '../telemetry/metrics.js';
import { isLoopback } from '../websocket/playerPath.js';
import { type AddressTurns, createAddressTurns } from './addressTurns.js';
import { addExplorerPage, type ExplorerPage, sendExplorerPage, wantsPage } from './explorerPage.js';
import { PROBLEM_CONTENT, sendProblem, statusOf } from './problem.js';
import type { ReadHeights } from './readHeights.js';
import { addNotFound, refuseUnparsed, sendError, sendRetry } from './readProblems.js';
import { isListed, prefersCsv } from './requestHeaders.js';
import { requestsPerMinute } from './requestsPerMinute.js';
import { addStatusRoutes, type RoleStatus, STATUS_PATHS } from './statusServer.js';

export interface ReadServerOptions {
  readonly sql: SqlSource;
  readonly heights: ReadHeights;
  readonly states: StateReader;
  readonly genesis: Genesis;
  readonly keys: EpochKeys;
  readonly shard: number;
  readonly metrics: Metrics;
  readonly status: () => RoleStatus;
  readonly log: AdapterLog;
  /** The explorer's page, when it has been built. */
  readonly page: ExplorerPage | null;
  readonly waitMsMax?: number;
  readonly requestsPerMinuteMax?: number;
  /** Share a limit with nobody, and say for whom they ask; default loopback. */
  readonly trusted?: (address: string) => boolean;
}

/** Every answer carries it here too, for those whose bodies cannot (CSV, genesis, 304). */
export const VISIBLE_HEADER = 'nullspace-visible-height';
/** Raised with any change of what a path answers: copies that clients keep are of one version. */
const API_VERSION = 1;
const IMMUTABLE = 'public, max-age=86400, immutable';
/** Of a whole number; more of them are beyond every bound, and many more beyond all numbers. */
const DIGITS = /^-?[0-9]{1,20}$/;
/** As @fastify/rate-limit names them. */
const RATE_HEADERS = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'];

/** The read API over the projections' tables, its document, and the explorer's page. */
export async function createReadServer(options: ReadServerOptions): Promise<FastifyInstance> {
  const { log, metrics, trusted = isLoopback } = options;
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    trustProxy: trusted,
    routerOptions: { maxParamLength: 2 * STATE_KEY_BYTES_MAX },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true } },
    frameworkErrors: (error, request, unrouted) => {
      // No hook has seen this request.
      const reply = unrouted as unknown as FastifyReply;
      if (options.page !== null && wantsPage(request)) {
        return void reply.redirect(`/search?q=${encodeURIComponent(request.url.slice(0, 80))}`);
      }
      reply.headers({ 'access-control-allow-origin': '*', ...commonHeaders(options.heights) });
      sendError(error, request, reply, log);
    },
    clientErrorHandler: refuseUnparsed,
  });
  // Nothing that is asked has a body: one that comes all the same is not looked at.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, body, done) => {
    body.resume();
    done(null);
  });
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply, log));
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(commonHeaders(options.heights));
  });
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { route, status: String(reply.statusCode) };
    metrics.observe('read_request_seconds', reply.elapsedTime / 1000, labels);
  });
  await addPlugins(server, trusted, options.requestsPerMinuteMax ?? READ_REQUESTS_PER_MINUTE_MAX);
  // Before the routes: its hook gives those who navigate to an account the page.
  const { page } = options;
  if (page !== null) await addExplorerPage(server, page);
  addStatusRoutes(server, metrics, options.status);
  const turns = createAddressTurns(trusted);
  for (const route of routes) addRoute(server, route, options, turns);
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  addNotFound(server, page === null ? null : sendExplorerPage);
  return server;
}

function commonHeaders(heights: ReadHeights): Readonly<Record<string, string | number>> {
  return { 'x-content-type-options': 'nosniff', [VISIBLE_HEADER]: heights.current().height };
}

async function addPlugins(
  server: FastifyInstance,
  trusted: (address: string) => boolean,
  requestsPerMinuteMax: number,
): Promise<void> {
  await server.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD'],
    exposedHeaders: [VISIBLE_HEADER, 'etag', 'link', 'retry-after', ...RATE_HEADERS],
    strictPreflight: false,
  });
  await server.register(compress, { global: true, globalDecompression: false, threshold: 1024 });
  await server.register(rateLimit, {
    ...requestsPerMinute(requestsPerMinuteMax),
    // Who watches the reader may come from the address of those who read.
    allowList: (request: FastifyRequest) =>
      trusted(request.ip) || STATUS_PATHS.includes(request.routeOptions.url ?? ''),
  });
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Nullspace read API',
        version: String(API_VERSION),
        description:
          'What the chain did, from tables folded from its log. Keys and hashes are hex, amounts ' +
          'decimal strings, times ms since 1970. Errors are problem details (RFC 9457).',
      },
    },
  });
}

function addRoute(
  server: FastifyInstance,
  route: Route,
  options: ReadServerOptions,
  turns: AddressTurns,
): void {
  const { heights, waitMsMax = READ_WAIT_MS_MAX } = options;
  const chain = toHex(chainIdOf(options.genesis)).slice(0, 8);
  const schema = {
    operationId: operationIdOf(route.url),
    summary: route.summary,
    tags: [route.tag],
    ...(route.params && { params: route.params }),
    ...(route.query && { querystring: route.query }),
    response: responsesOf(route),
  };
  const preValidation = refuseOddNumbers(route);
  const isTableToo = 'format' in propertiesOf(route.query);
  server.get(route.url, { schema, preValidation }, async (request, reply) => {
    const parameters = readParameters(request, route);
    if (isTableToo) reply.header('vary', 'accept');
    const needed = Math.max(Number(parameters.minHeight ?? 0), Number(parameters.asOf ?? 0));
    const waited = await heights.waitFor(needed, waitMsMax);
    const visible = heights.current();
    reply.header(VISIBLE_HEADER, visible.height);
    if (waited === 'crowded') {
      return sendRetry(reply, RejectCode.backpressure, 'too many requests wait for heights');
    }
    if (waited === 'timeout') {
      const detail = `height ${needed} is not visible; visible height is ${visible.height}`;
      return sendRetry(reply, RejectCode.notYetVisible, detail);
    }
    const form = parameters.format === 'csv' ? '-csv' : '';
    const tables = encodeURIComponent(heights.tables());
    const etag = tagOf(`${tables}-${chain}`, visible.height, request.url, form);
    const isVisible = route.changesWith === 'visible';
    if (isVisible && isListed(etag, request.headers['if-none-match'])) {
      return reply.code(304).headers({ etag, 'cache-control': 'no-cache' }).send();
    }
    const { states, genesis, keys, shard } = options;
    const sql = options.sql.at(visible.height);
    const context = { sql, states, genesis, keys, shard, visible };
    const answer = await turns.run(request.ip, () => route.read(context, parameters));
    if (answer === null) {
      const detail = 'too many reads of this address wait for each other';
      return sendProblem(reply.header('retry-after', 1), 429, RejectCode.rateLimited, detail);
    }
    reply.header('cache-control', isVisible ? 'no-cache' : 'no-store');
    if (isVisible && answer.kind !== 'refused') reply.header('etag', etag);
    return sendAnswer(request, reply, answer, tables);
  });
}

/**
 * Given with what was found at that address, so that who shows it at the same height need not be
 * answered again. Other tables may have other rows of the same blocks.
 */
function tagOf(source: string, height: number, url: string, form: string): string {
  const address = createHash('sha256').update(url).digest('hex').slice(0, 12);
  return `W/"${API_VERSION}-${source}-${height}-${address}${form}"`;
}

/** `/explorer/blocks/:block` is getExplorerBlocksByBlock. */
function operationIdOf(url: string): string {
  const words = url
    .replaceAll('/:', '/by-')
    .split(/[/-]/)
    .filter((word) => word !== '');
  return `get${words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')}`;
}

/** By status, what the document says of a path's answers, and each is written by. */
function responsesOf({ answer, query }: Route) {
  const table =
    'format' in propertiesOf(query) ? { 'text/csv': { schema: { type: 'string' } } } : {};
  return {
    200: {
      description: 'found',
      content: { 'application/json': { schema: answer }, ...table },
    },
    304: {
      description: 'the copy whose etag was sent in if-none-match is still good',
      type: 'null',
    },
    '4xx': { content: PROBLEM_CONTENT, description: 'refused' },
    '5xx': { content: PROBLEM_CONTENT, description: 'not now' },
  };
}

/** CSV may be asked for by header as well, where a path has it. */
function readParameters(request: FastifyRequest, route: Route): Parameters {
  const parameters = { ...(request.params as Parameters), ...(request.query as Parameters) };
  if (parameters.format !== undefined || !('format' in propertiesOf(route.query)))
    return parameters;
  return prefersCsv(request.headers.accept) ? { ...parameters, format: 'csv' } : parameters;
}

function propertiesOf(schema: JsonSchema | undefined): Readonly<Record<string, JsonSchema>> {
  return (schema?.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
}

/**
 * Whole numbers are decimal digits. The validator takes whatever JavaScript makes a number of, so
 * that `Infinity` passes all bounds.
 */
function refuseOddNumbers(route: Route): preValidationAsyncHookHandler {
  const integersOf = (schema: JsonSchema | undefined): readonly string[] =>
    Object.entries(propertiesOf(schema)).flatMap(([name, { type }]) =>
      type === 'integer' ? [name] : [],
    );
  const [inPath, inQuery] = [integersOf(route.params), integersOf(route.query)];
  const check = (place: string, given: unknown, names: readonly string[]): void => {
    for (const name of names) {
      const text = (given as Readonly<Record<string, unknown>>)[name];
      if (typeof text !== 'string' || DIGITS.test(text)) continue;
      const message = `${place}/${name} must be integer`;
      throw Object.assign(new Error(message), { statusCode: 400 });
    }
  };
  return async (request) => {
    check('params', request.params, inPath);
    check('querystring', request.query, inQuery);
  };
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  tables: string,
): unknown {
  if (answer.kind === 'refused') {
    const { code, detail } = answer;
    const status = statusOf(code);
    if (status === 503) return sendRetry(reply, code, detail);
    return sendProblem(reply, status, code, detail);
  }
  if (answer.kind === 'table') {
    if (answer.next !== null) {
      const next = new URL(request.url, 'http://reader');
      next.searchParams.set(answer.next.name, answer.next.value);
      reply.header('link', `<${next.pathname}${next.search}>; rel="next"`);
    }
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `inline; filename="${answer.fileName}"`)
      .send(answer.text);
  }
  if (answer.immutable !== undefined) {
    // The reader's height goes on under a body that tells it; others are not from tables.
    const isWhole = !('visibleHeight' in answer.body);
    const etag = `W/"${API_VERSION}-${isWhole ? '' : `${tables}-`}${answer.immutable}"`;
    reply.headers({ etag, 'cache-control': isWhole ? IMMUTABLE : 'no-cache' });
    if (isListed(etag, request.headers['if-none-match'])) return reply.code(304).send();
  }
  return reply.send(answer.body);
}
