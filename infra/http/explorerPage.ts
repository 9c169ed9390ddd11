import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface ExplorerPage {
  /** Folder of the built page, with an index.html. */
  readonly folder: string;
  /** Where the page plays: `ws://host:port/play`, or `:port` of the host that serves the page. */
  readonly gatewayUrl: string;
}

/** Names of chunks hold the hash of their content. */
const CHUNK = /[\\/]chunks[\\/]/;
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** A host as it may stand in a policy: a name, an IPv4 or a bracketed IPv6 address. */
const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])$/;

/** The WebSocket origins of the gateway, as the page of this request may dial them. */
function gatewayOrigins({ gatewayUrl }: ExplorerPage, request: FastifyRequest): string {
  if (!gatewayUrl.startsWith(':')) return new URL(gatewayUrl).origin;
  const { hostname } = request;
  if (!HOST.test(hostname)) return '';
  const port = gatewayUrl.slice(1).split('/')[0];
  return `ws://${hostname}:${port} wss://${hostname}:${port}`;
}

/** Everything of the page comes from here; it talks to this reader and to its gateway. */
function pagePolicy(page: ExplorerPage, request: FastifyRequest): string {
  return [
    "default-src 'self'",
    `connect-src 'self' ${gatewayOrigins(page, request)}`.trimEnd(),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Serves the page's files, and `/page.json`, which tells the page where it plays. */
export async function addExplorerPage(server: FastifyInstance, page: ExplorerPage): Promise<void> {
  preferPage(server);
  await server.register(fastifyStatic, {
    root: page.folder,
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', CHUNK.test(path) ? IMMUTABLE : 'no-cache');
    },
  });
  server.addHook('onSend', async (request, reply) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (!type.startsWith('text/html')) return;
    reply.header('content-security-policy', pagePolicy(page, request));
    reply.header('referrer-policy', 'no-referrer');
  });
  server.get('/page.json', { schema: { hide: true } }, async (_request, reply) => {
    return reply.header('cache-control', 'no-cache').send({ gatewayUrl: page.gatewayUrl });
  });
}

/** Whoever navigates there, and no program. */
export function wantsPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return (headers.accept ?? '').includes('text/html');
}

/** A path of the API and of the page too: programs get the answer, who navigates there the page. */
function preferPage(server: FastifyInstance): void {
  server.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/account/')) return;
    reply.header('vary', 'accept');
    if (wantsPage(request)) return sendExplorerPage(reply);
  });
}

/** Paths of the page's own are answered with the page, which says so when there is nothing. */
export function sendExplorerPage(reply: FastifyReply): FastifyReply {
  return reply.code(200).sendFile('index.html');
}
