import type { IncomingMessage } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';

/**
 * Whose limits a request counts against: who connected or, where that is a trusted proxy, whom it
 * names in `X-Forwarded-For`, from the right up to the first that is not trusted. What stands
 * before that anybody may have written. Fastify's `trustProxy` finds the same.
 */
export function clientAddress(
  request: IncomingMessage,
  trusted: (address: string) => boolean,
): string {
  if (request.socket.remoteAddress === undefined) return ''; // it has left
  return proxyAddress(request, trusted);
}
