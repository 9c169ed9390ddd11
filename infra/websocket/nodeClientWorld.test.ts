import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { READ_BYTES_MAX } from '../../command/client/ports.js';
import { openReader } from '../../command/client/reader.js';
import { nodeClientWorld } from './nodeClientWorld.js';

const FOUND = { query: '7', matches: [], redirect: null, visibleHeight: 9 };
const HTML = '<!doctype html><title>not a reader</title>';

/** Something that stands where a reader should: `/<status>` answers with that, as a page. */
const server = createServer((request, response) => {
  const status = Number(request.url?.split('/')[1]);
  if (request.url?.includes('endless')) return endless(response);
  if (status === 0) return void request.socket.destroy();
  response.writeHead(status, { 'content-type': 'text/html' });
  // An answer that breaks off.
  if (status === 206) return void response.write(HTML, () => request.socket.destroy());
  response.end(request.url?.includes('q=7') && status === 200 ? JSON.stringify(FOUND) : HTML);
});

/** As much white space as one is willing to take. */
let sentBytes = 0;
let endings = 0;
function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.once('close', () => endings++);
  const spaces = Buffer.alloc(1024 * 1024, ' ');
  const more = (): void => {
    if (response.destroyed) return;
    sentBytes += spaces.length;
    response.write(spaces, more);
  };
  more();
}

let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('a read by the world of Node', () => {
  const read = (status: number, q: string) =>
    openReader(`${url}/${status}`, nodeClientWorld()).search(q);

  it('gives what the reader said', async () => {
    expect(await read(200, '7')).toEqual(FOUND);
  });

  it('takes no more of an endless answer than an honest one may be long', async () => {
    const error = await read(200, 'endless').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ReaderError', code: 'malformed', status: 200 });
    await expect.poll(() => endings).toBe(1);
    expect(sentBytes).toBeLessThan(2 * READ_BYTES_MAX);
  });

  it.each([
    ['no answer', 0, { code: 'unreachable', status: 0, retriable: true }],
    ['an answer that breaks off', 206, { code: 'unreachable', status: 0, retriable: true }],
    ['a page that was found', 200, { code: 'malformed', status: 200, retriable: true }],
    ['a page that wants a name', 401, { code: 'refused', status: 401, retriable: false }],
    ['a page that is not there', 404, { code: 'refused', status: 404, retriable: false }],
    ['a page of too much', 429, { code: 'refused', status: 429, retriable: true }],
    ['a page of a proxy', 502, { code: 'refused', status: 502, retriable: true }],
  ])('fails by its status: %s', async (_title, status, expected) => {
    const error = await read(status, 'x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ReaderError', ...expected });
  });
});
