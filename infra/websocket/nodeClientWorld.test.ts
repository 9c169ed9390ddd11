import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { READ_BYTES_MAX } from '../../command/client/ports.js';
import { openReader } from '../../command/client/reader.js';
import { nodeClientWorld } from './nodeClientWorld.js';

const FOUND = { query: '7', matches: [], redirect: null, visibleHeight: 9 };
/** Who asked what is never answered. */
const muted: Socket[] = [];
const HTML = '<!doctype html><title>not a reader</title>';

/** Something that stands where a reader should: `/<status>` answers with that, as a page. */
const server = createServer((request, response) => {
  const status = Number(request.url?.split('/')[1]);
  if (request.url?.startsWith('/mute')) return void muted.push(request.socket);
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

/** Takes an upgrade like a WebSocket server, and never says anything more; or answers with HTTP. */
server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
  const [, path = ''] = request.url?.split('/') ?? [];
  if (path !== 'mute') return socket.end(`HTTP/1.1 ${path} No\r\nlocation: /feed\r\n\r\n`);
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  const head = 'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n';
  socket.write(`${head}sec-websocket-accept: ${accept}\r\n\r\n`);
  socket.resume();
});

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

  it('lets the connection go when its signal is aborted', async () => {
    const controller = new AbortController();
    const reader = openReader(`${url}/mute`, nodeClientWorld());
    const asked = reader.search('x', { signal: controller.signal });
    await expect.poll(() => muted.length).toBe(1);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await expect.poll(() => muted[0]?.destroyed).toBe(true);
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

describe('a connection by the world of Node', () => {
  /** What comes of one: `closing` as soon as it is open. */
  async function outcomeOf(path: string): Promise<{ code: number; reason: string; ms: number }> {
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const connection = nodeClientWorld().connect(`${url}/${path}`, {
        onOpen: () => connection.close(),
        onText: () => undefined,
        onClose: (code, reason) => resolve({ code, reason, ms: performance.now() - startedMs }),
      });
    });
  }

  it('ends soon after it was closed, though the server does not answer that', async () => {
    const { code, ms } = await outcomeOf('mute');
    expect(code).toBe(1006);
    expect(ms).toBeLessThan(5_000);
  });

  it.each([404, 302])('says what stood there instead: status %d', async (status) => {
    const { code, reason } = await outcomeOf(`${status}`);
    expect([code, reason]).toEqual([1006, `Unexpected server response: ${status}`]);
  });
});
