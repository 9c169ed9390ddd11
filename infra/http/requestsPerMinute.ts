import type { RateLimitPluginOptions } from '@fastify/rate-limit';
import { addressGroup } from '../websocket/addressLimit.js';

/** Settings of @fastify/rate-limit: so many requests a minute of those who share a limit. */
export function requestsPerMinute(max: number) {
  return {
    max,
    timeWindow: '1 minute',
    keyGenerator: ({ ip }) => addressGroup(ip),
    errorResponseBuilder: (_request, { max: most, after }) => ({
      statusCode: 429,
      message: `${most} requests a minute are the limit; again in ${after}`,
    }),
  } satisfies RateLimitPluginOptions;
}
