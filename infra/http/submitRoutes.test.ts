import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RejectCode } from '../../schemas/rejectCode.js';
import { createSimulatedPlatform } from '../../test/simulation/simulatedPlatform.js';
import { createMetrics } from '../telemetry/metrics.js';
import { parseNetworks } from '../websocket/addressLimit.js';
import { createStatusServer } from './statusServer.js';
import { addSubmitRoutes } from './submitRoutes.js';

async function open() {
  const { gateway, counts } = createSimulatedPlatform(1).startGateway('gateway');
  const status = { role: 'gateway', name: 'gateway', ready: true, height: 0 };
  const server = createStatusServer(createMetrics('gateway'), () => status, {
    hasSchemas: true,
  });
  await addSubmitRoutes(server, gateway, {
    log: pino({ level: 'silent' }),
    trusted: parseNetworks(['198.51.100.0/24']),
    requestsPerMinuteMax: 3,
  });
  return { server, counts };
}

describe('the HTTP side of a gateway', () => {
  it('answers an address so many times a minute, in problem details', async () => {
    const { server, counts } = await open();
    const ask = (remoteAddress: string, url = `/submit/${'0'.repeat(64)}`) =>
      server.inject({ url, remoteAddress });
    for (let i = 0; i < 3; i++) expect((await ask('192.0.2.1')).statusCode).toBe(404);
    const refused = await ask('192.0.2.1');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.headers['retry-after']).toBeDefined();
    expect(refused.json()).toMatchObject({ code: RejectCode.rateLimited, name: 'rateLimited' });
    expect(counts.get('gateway_ratelimited_total address')).toBe(1);
    expect((await ask('192.0.2.2')).statusCode).toBe(404);
    const ofOneCustomer = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'];
    for (const address of ofOneCustomer) {
      const isLast = address === '2001:db8::4';
      expect((await ask(address)).statusCode).toBe(isLast ? 429 : 404);
    }
    for (let i = 0; i < 6; i++) {
      expect((await ask('198.51.100.7')).statusCode).toBe(404);
      expect((await ask('127.0.0.1')).statusCode).toBe(404);
      expect((await ask('192.0.2.1', '/livez')).statusCode).toBe(200);
      expect((await ask('192.0.2.1', '/metrics')).statusCode).toBe(200);
    }
    await server.close();
  });
});
