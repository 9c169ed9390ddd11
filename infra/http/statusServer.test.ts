import { describe, expect, it } from 'vitest';
import { createMetrics } from '../telemetry/metrics.js';
import { createStatusServer } from './statusServer.js';

const status = { role: 'validator', name: 'validator-0', ready: true, height: 7 };
const open = (options = {}) =>
  createStatusServer(createMetrics('validator'), () => status, options);

describe('a status server', () => {
  it('answers the status paths', async () => {
    const server = open();
    expect((await server.inject('/livez')).json()).toEqual({ live: true });
    expect((await server.inject('/readyz')).json()).toEqual({ ready: true });
    expect((await server.inject('/healthz')).json()).toEqual(status);
    expect((await server.inject('/metrics')).payload).toContain('# TYPE');
    await server.close();
  });

  it('takes routes with schemas where it says so, and no others', async () => {
    const route = { schema: { querystring: { type: 'object' } } };
    const answer = async () => ({});
    const bare = open();
    bare.get('/asked', route, answer);
    await expect(bare.ready()).rejects.toThrow('without schemas');
    const server = open({ hasSchemas: true });
    server.get('/asked', route, answer);
    expect((await server.inject('/asked')).statusCode).toBe(200);
    await server.close();
  });
});
