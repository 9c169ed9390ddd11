import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RejectCode } from '../../schemas/rejectCode.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { createMetrics } from '../telemetry/metrics.js';
import type { ExplorerPage } from './explorerPage.js';
import { createReadServer, VISIBLE_HEADER } from './readServer.js';
import { createShownHeight } from './shownHeight.js';
import { STATUS_PATHS } from './statusServer.js';

/** Tables without rows: what is tested here is how a reader reads requests. */
async function openServer(
  requestsPerMinuteMax = 1_000,
  page: ExplorerPage | null = null,
): Promise<FastifyInstance> {
  const shown = createShownHeight();
  shown.show({ height: 7, timestampMs: 2 * 3_600_000 });
  return createReadServer({
    sql: { at: () => ({ rows: async () => [] }) },
    heights: {
      ...shown,
      ...{ isFresh: () => true, hasTables: () => true, tables: () => 'none' },
      close: async () => {},
    },
    states: { read: async () => null },
    genesis: engineGenesis,
    keys: engineKeys,
    ...{ shard: 0, metrics: createMetrics('reader'), log: quietLog, page, waitMsMax: 10 },
    status: () => ({ role: 'reader', name: 'test', ready: true, height: 7 }),
    requestsPerMinuteMax,
  });
}

let server: FastifyInstance;
let port = 0;
beforeAll(async () => {
  server = await openServer();
  port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => server.close());

const get = (url: string, headers: Record<string, string> = {}) => server.inject({ url, headers });

describe('whole numbers are decimal digits', () => {
  it.each(['Infinity', '-Infinity', 'NaN', '0x10', '1e1', '%2010', '1.0', '+1', ''])(
    'and not %j',
    async (text) => {
      for (const url of [
        `/explorer/blocks?limit=${text}`,
        `/explorer/blocks?fromHeight=${text}`,
        `/explorer/blocks?asOf=${text}`,
        `/explorer/stats?hours=${text}`,
        `/explorer/stats/blocks?untilMs=${text}`,
        `/explorer/block-by-time/${text === '' ? 'x' : text}`,
        `/schemas/ids/${text === '' ? 'x' : text}`,
      ]) {
        const answer = await get(url);
        expect(answer.json(), url).toMatchObject({ status: 400, code: RejectCode.badParameter });
      }
    },
  );

  it('however many there are', async () => {
    expect((await get('/explorer/blocks?limit=007')).statusCode).toBe(200);
    expect((await get(`/explorer/blocks?fromHeight=${'9'.repeat(400)}`)).statusCode).toBe(400);
  });
});

describe('one path in two forms', () => {
  it('has a tag for each, and says that it goes by accept', async () => {
    const url = '/explorer/commands?limit=1';
    const json = await get(url);
    const csv = await get(url, { accept: 'text/csv' });
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(json.headers.etag).not.toBe(csv.headers.etag);
    for (const { headers } of [json, csv]) expect(headers.vary).toContain('accept');
    const other = { accept: 'text/csv', 'if-none-match': String(json.headers.etag) };
    expect((await get(url, other)).statusCode).toBe(200);
    const same = { 'if-none-match': `"x", ${json.headers.etag}` };
    expect((await get(url, same)).statusCode).toBe(304);
    expect((await get(url, { accept: 'application/json, text/csv;q=0.1' })).json()).toHaveProperty(
      'items',
    );
  });

  it('links the part of a series that follows', async () => {
    const url = '/explorer/stats/blocks?fromMs=0&points=1&format=csv';
    const { headers } = await get(url);
    expect(headers.link).toBe(`<${url.replace('fromMs=0', 'fromMs=3600000')}>; rel="next"`);
    expect((await get(url.replace('points=1', 'points=9'))).headers.link).toBeUndefined();
  });
});

describe('what is meant', () => {
  it('by 0x: hex, not a height', async () => {
    expect((await get('/explorer/search?q=0x10')).statusCode).toBe(400);
    expect((await get('/explorer/search?q=0xAbCdEf')).json()).toMatchObject({ query: 'abcdef' });
  });

  it('by untilMs: no bucket behind it, however many are asked for', async () => {
    const starts = async (query: string): Promise<number[]> =>
      (await get(`/explorer/stats/blocks?${query}`))
        .json()
        .points.map(({ startMs }: { readonly startMs: number }) => startMs);
    expect(await starts('untilMs=0&points=3')).toEqual([0]);
    expect(await starts('untilMs=3600000&points=3')).toEqual([0, 3_600_000]);
    expect(await starts('points=2')).toEqual([3_600_000, 7_200_000]);
  });
});

describe('other methods', () => {
  it('are refused, whatever they bring', async () => {
    for (const [payload, type] of [
      ['{bad', 'application/json'],
      ['x', 'image/png'],
    ] as const) {
      const headers = { 'content-type': type };
      const url = '/explorer/blocks';
      const answer = await server.inject({ method: 'POST', url, headers, payload });
      expect(answer.json()).toMatchObject({ status: 405, code: RejectCode.unknownPath });
      expect(answer.headers.allow).toBe('GET, HEAD');
    }
  });

  it('are told by OPTIONS, to whoever asks', async () => {
    const answer = await server.inject({ method: 'OPTIONS', url: '/explorer/blocks' });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-methods']).toBe('GET, HEAD');
  });
});

/** All that the server says to these bytes. */
function sayRaw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let said = '';
    socket.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    socket.on('error', reject).on('close', () => resolve(said));
    socket.write(bytes);
  });
}

describe('what no route sees is answered as the rest is', () => {
  it.each([
    ['a method that there is not', 'FOO / HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    ['bytes of nothing', 'GET /\u00e9\u00e9 nonsense\r\n\r\n', 400],
    ['a path without end', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    const [head = '', body = ''] = (await sayRaw(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, type: expect.stringContaining('urn:') });
  });

  it.each([
    ['/explorer/blocks/%zz', 400],
    [`/explorer/commands/${'a'.repeat(300)}`, 414],
  ])('%s', async (url, status) => {
    const answer = await get(url, { origin: 'http://elsewhere' });
    expect(answer.json()).toMatchObject({ status, code: RejectCode.badParameter });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
      [VISIBLE_HEADER]: '7',
    });
  });
});

it('counts paths that there are not, and never those who watch it', async () => {
  const limited = await openServer(2);
  const ask = async (url: string): Promise<number> =>
    (await limited.inject({ url, remoteAddress: '10.0.0.1' })).statusCode;
  for (let i = 0; i < 2; i++) expect(await ask('/nowhere')).toBe(404);
  expect(await ask('/nowhere')).toBe(429);
  for (const path of STATUS_PATHS) expect(await ask(path), path).toBe(200);
  await limited.close();
});

it('sends who navigates to what cannot be read to the search, which explains', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-no-page-'));
  const paged = await openServer(1_000, { folder, gatewayUrl: ':1' });
  const headers = { accept: 'text/html' };
  const answer = await paged.inject({ url: '/block/%zz', headers });
  expect(answer).toMatchObject({
    statusCode: 302,
    headers: { location: '/search?q=%2Fblock%2F%25zz' },
  });
  expect((await paged.inject({ url: '/block/%zz' })).statusCode).toBe(400);
  await paged.close();
  rmSync(folder, { recursive: true });
});
