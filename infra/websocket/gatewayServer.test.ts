import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { proveState } from '../../command/engine/proveState.js';
import { createGateway, type Gateway } from '../../command/gateway/gateway.js';
import { deliver } from '../../command/gateway/gatewayState.js';
import { encode } from '../../schemas/codec/codec.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { CloseCode, type ServerMessage } from '../../schemas/gateway/protocol.js';
import { authMessage, ownLane } from '../../test/contracts/rawClient.js';
import { certifyNext, engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import { keyedHashSigner, keyedHashVerifier } from '../../test/simulation/keyedHashCrypto.js';
import { createPrng, type Prng } from '../../test/simulation/prng.js';
import { blockOf, newWorld } from '../../test/vectors/engine/engineWorld.js';
import { createMetrics } from '../telemetry/metrics.js';
import { type GatewayServerOptions, serveGateway } from './gatewayServer.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A gateway whose one validator knows the state of one height, and nothing else. */
function stillGateway(): Gateway {
  const world = newWorld(engineGenesis);
  const { certified } = certifyNext(world, genesisTip(engineGenesis, 0), blockOf(world, []));
  const { certificate } = certified;
  const prng = createPrng(7);
  const gateway: Gateway = createGateway({
    ...{ name: 'still', keys: engineKeys, genesis: engineGenesis, verifier: keyedHashVerifier },
    links: {
      connected: () => [0],
      send: (validator, body) => {
        const proven = body.kind === 'StateRequest' ? proveState(world.state, body.key, 1) : null;
        if (body.kind !== 'StateRequest' || proven === null) return;
        const proof = encode('StateProof', proven.proof);
        const answer = { id: body.id, code: 0, value: proven.value, proof, certificate };
        setImmediate(() => {
          gateway.onValidatorMessage(validator, { kind: 'StateAnswer', ...answer });
        });
      },
    },
    clock: {
      nowMs: () => Date.now(),
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    },
    telemetry: { count: () => undefined, gauge: () => undefined, observe: () => undefined },
    random: (bytes) => Uint8Array.from({ length: bytes }, () => prng.below(256)),
  });
  return gateway;
}

interface Served {
  readonly gateway: Gateway;
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

async function serve(options: Partial<GatewayServerOptions> = {}): Promise<Served> {
  const gateway = stillGateway();
  const server = createServer();
  const trusted = (): boolean => false;
  const players = serveGateway(server, gateway, {
    ...{ metrics: createMetrics('gateway'), trusted },
    ...options,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => {
    await players.closeAll(0);
    gateway.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { gateway, server, port, url: `ws://127.0.0.1:${port}/play` };
}

interface Player {
  readonly socket: WebSocket;
  readonly heard: ServerMessage[];
  /** Resolves when something was heard that fits. */
  until(fits: (message: ServerMessage) => boolean): Promise<ServerMessage>;
}

async function enter(url: string, name: string): Promise<Player> {
  const socket = new WebSocket(url);
  const heard: ServerMessage[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data) => heard.push(JSON.parse(String(data)) as ServerMessage));
  const until: Player['until'] = async (fits) => {
    for (;;) {
      const found = heard.find(fits);
      if (found !== undefined) return found;
      await sleep(5);
    }
  };
  const hello = await until(({ type }) => type === 'hello');
  if (hello.type !== 'hello') throw new Error('no hello');
  const lane = ownLane(keyedHashSigner(name));
  socket.send(JSON.stringify(authMessage({ hello, lane, connection: null as never })));
  await until(({ type }) => type === 'welcome');
  opened.push(() => socket.terminate());
  return { socket, heard, until };
}

async function isServed(player: Player, at: number): Promise<void> {
  player.socket.send(JSON.stringify({ type: 'ping', at }));
  await player.until((message) => message.type === 'pong' && message.at === at);
}

describe('a client that reads nothing', () => {
  it('is closed at a bound of memory, and the others are served meanwhile', async () => {
    const { gateway, url, port } = await serve();
    const healthy = await enter(url, 'healthy');
    const stalled = await enter(url, 'stalled');
    const raw = (stalled.socket as unknown as { readonly _socket: Socket })._socket;
    raw.pause();
    expect(port).toBeGreaterThan(0);
    const closed = once(stalled.socket, 'close');
    const bytesMax: number[] = [];
    const text = JSON.stringify({
      type: 'account',
      height: 1,
      sequence: 0,
      events: ['00'.repeat(32_000)],
    });
    let sent = 0;
    while (gateway.state.sessions.size === 2 && sent < 2_000) {
      for (const session of [...gateway.state.sessions.values()]) {
        deliver(gateway.state, session, text);
        bytesMax.push(session.socket.bufferedBytes());
      }
      sent++;
      if (sent % 10 === 0) await isServed(healthy, sent);
      else await sleep(0);
    }
    expect(gateway.state.sessions.size).toBe(1);
    expect(Math.max(...bytesMax)).toBeLessThan(2 * 1024 * 1024);
    await isServed(healthy, 99_999);
    const notices = () => healthy.heard.filter(({ type }) => type === 'account').length;
    while (notices() < sent) await sleep(5);
    raw.resume();
    // Who reads again within the time hears why; who does not was cut off.
    expect([CloseCode.slowConsumer, 1006]).toContain((await closed)[0]);
  });

  it('hears why when it reads again at once', async () => {
    const { gateway, url } = await serve();
    const stalled = await enter(url, 'stalled');
    const closed = once(stalled.socket, 'close');
    const raw = (stalled.socket as unknown as { readonly _socket: Socket })._socket;
    raw.pause();
    while (gateway.state.sessions.size === 1) {
      for (const session of [...gateway.state.sessions.values()]) {
        deliver(gateway.state, session, JSON.stringify({ type: 'x', text: 'x'.repeat(60_000) }));
      }
      await sleep(0);
    }
    raw.resume();
    expect((await closed)[0]).toBe(CloseCode.slowConsumer);
  });
});

/** The status line that answers an upgrade from an address; null when it was let in. */
async function upgradeFrom(
  { server }: Served,
  address: string,
  headers: Readonly<Record<string, string>> = {},
  url = '/play',
): Promise<{ readonly status: string; readonly stream: Duplex }> {
  const said: string[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => {
      said.push(String(chunk));
      done();
    },
  });
  const request = {
    ...{ url, method: 'GET', socket: { remoteAddress: address } },
    headers: {
      ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
      ...{ 'sec-websocket-key': Buffer.alloc(16).toString('base64') },
      ...headers,
    },
  };
  server.emit('upgrade', request, stream, Buffer.alloc(0));
  while (said.length === 0) await sleep(1);
  return { status: said.join('').split('\r\n')[0] as string, stream };
}

const LET_IN = 'HTTP/1.1 101 Switching Protocols';

describe('an upgrade', () => {
  it('is refused beyond the connections of an address, and of no other', async () => {
    const served = await serve({ trusted: (address) => address === '198.51.100.1' });
    const streams: Duplex[] = [];
    for (let i = 0; i < 5; i++) {
      const { status, stream } = await upgradeFrom(served, '192.0.2.1');
      expect(status).toBe(LET_IN);
      streams.push(stream);
    }
    expect((await upgradeFrom(served, '192.0.2.1')).status).toContain('429');
    expect((await upgradeFrom(served, '192.0.2.9')).status).toBe(LET_IN);
    for (let i = 0; i < 8; i++) {
      expect((await upgradeFrom(served, '198.51.100.1')).status).toBe(LET_IN);
    }
    const closed = once(streams[0] as Duplex, 'close');
    streams[0]?.destroy();
    await closed;
    expect((await upgradeFrom(served, '192.0.2.1')).status).toBe(LET_IN);
  });

  it('is refused to pages of other origins, when there is a list', async () => {
    const served = await serve({ allowedOrigins: ['https://play.example'] });
    const from = (origin: string) => upgradeFrom(served, '127.0.0.1', { origin });
    expect((await from('https://evil.example')).status).toContain('403');
    expect((await from('null')).status).toContain('403');
    expect((await from('https://play.example')).status).toBe(LET_IN);
    expect((await upgradeFrom(served, '127.0.0.1')).status).toBe(LET_IN);
  });

  it.each(['//', '/play/more', '/%', '*', 'http://[', '?'])('to %s is refused', async (url) => {
    const served = await serve();
    expect((await upgradeFrom(served, '127.0.0.1', {}, url)).status).toContain('404');
  });
});

describe('a stranger', () => {
  const ROUNDS = 3_000;
  const uncaught: unknown[] = [];

  it('ends nothing but its own connection, whatever it sends', { timeout: 120_000 }, async () => {
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    const prng = createPrng(seed);
    try {
      const served = await serve();
      const honest = await enter(served.url, 'honest');
      const hello = honest.heard.find(({ type }) => type === 'hello');
      if (hello?.type !== 'hello') throw new Error('no hello');
      let socket = await freshSocket(served.url);
      for (let round = 0; round < ROUNDS; round++) {
        if (prng.chance(0.03)) await rawGarbage(served.port, prng);
        if (socket.readyState !== WebSocket.OPEN) socket = await freshSocket(served.url);
        if (prng.chance(0.02)) {
          socket.send(JSON.stringify(authOf(hello, `stranger ${prng.below(9)}`)));
        }
        socket.send(randomFrame(prng), { binary: prng.chance(0.02) });
        if (prng.chance(0.01)) socket.terminate();
        if (round % 100 === 0) await isServed(honest, round);
      }
      socket.terminate();
      await isServed(honest, ROUNDS);
      await sleep(100);
      expect(uncaught, `repeat with SEED=${seed}`).toEqual([]);
      expect(served.gateway.state.tracker.sizes.open).toBe(0);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });
});

function authOf(hello: ServerMessage & { readonly type: 'hello' }, name: string): object {
  return authMessage({ hello, lane: ownLane(keyedHashSigner(name)), connection: null as never });
}

async function freshSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'open'), once(socket, 'close')]);
  return socket;
}

const WORDS = ['auth', 'submit', 'subscribe', 'unsubscribe', 'ping', 'hello', '__proto__', ''];
const FIELDS = [
  ...['type', 'ref', 'envelope', 'channel', 'at', 'account', 'signer', 'authorization'],
  ...['signature', 'toString', '__proto__', 'length'],
];

function randomValue(prng: Prng): unknown {
  const values = [
    () => prng.next() * 10 ** prng.below(40) - 5,
    () => prng.below(2 ** 31),
    () => Number.MAX_SAFE_INTEGER,
    () => -1,
    () => null,
    () => true,
    () => [],
    () => ({}),
    () => '00'.repeat(prng.below(200)),
    () => 'f'.repeat(64),
    () => 'blocks',
    () => 'account',
    () => WORDS[prng.below(WORDS.length)],
    () => '\u0000\ud800',
    () => 'x'.repeat(prng.below(3_000)),
    () => [[[[[[]]]]]],
  ];
  return (values[prng.below(values.length)] as () => unknown)();
}

function randomFrame(prng: Prng): string {
  if (prng.chance(0.1)) {
    const length = prng.below(300);
    return Array.from({ length }, () => String.fromCharCode(prng.below(0x300))).join('');
  }
  const message: [string, unknown][] = [['type', WORDS[prng.below(WORDS.length)]]];
  for (let i = prng.below(8); i > 0; i--) {
    message.push([FIELDS[prng.below(FIELDS.length)] as string, randomValue(prng)]);
  }
  const body = message.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const text = `{${body.join(',')}}`;
  return prng.chance(0.1) ? text.slice(0, prng.below(text.length)) : text;
}

const UPGRADE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n';
const REQUESTS = [
  'GET / HTTP/1.1\r\n',
  `GET // HTTP/1.1\r\n${UPGRADE}\r\n`,
  `GET /play HTTP/1.1\r\n${UPGRADE}\r\n`,
  `GET /play?a=%zz HTTP/1.1\r\n${UPGRADE}${KEY}\r\n`,
  `POST /play HTTP/1.1\r\n${UPGRADE}${KEY}Content-Length: 5\r\n\r\nhello`,
  `GET /play HTTP/1.1\r\n${UPGRADE}${KEY}Sec-WebSocket-Protocol: ,,\r\n\r\n`,
  `GET /play HTTP/1.1\r\n${UPGRADE}${KEY}\r\n`,
  'GET /play HTTP/9.9\r\n\r\n',
  '\u0000\u0001\u0002',
];

/** A request of a kind, some bytes that are no frames behind it, and no manners at the end. */
async function rawGarbage(port: number, prng: Prng): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.write(REQUESTS[prng.below(REQUESTS.length)] as string);
  socket.write(Buffer.from(Array.from({ length: prng.below(64) }, () => prng.below(256))));
  if (prng.chance(0.5)) await sleep(1);
  if (prng.chance(0.5)) socket.resetAndDestroy();
  else socket.end();
}
