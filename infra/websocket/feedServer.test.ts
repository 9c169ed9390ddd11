import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Sql } from '../../query/ports.js';
import { routes } from '../../query/routes/routes.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import { FEED_SKIP_HEIGHTS } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import { openProjectedChain, type ProjectedChain } from '../../test/simulation/projectedChain.js';
import { steeredHeights } from '../../test/simulation/servedFeed.js';
import { createMetrics } from '../telemetry/metrics.js';
import { type FeedOptions, type FeedServer, serveFeed } from './feedServer.js';

interface Message {
  readonly type: string;
  readonly block?: { readonly height: number };
  readonly command?: { readonly id: string; readonly height: number };
  readonly [name: string]: unknown;
}

let world: ProjectedChain;
beforeAll(async () => {
  world = await openProjectedChain({ heights: 200, commands: 6 });
  await world.project(20);
});
afterAll(() => world.close());

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface OpenFeed {
  readonly url: string;
  readonly feed: FeedServer;
  readonly server: Server;
  /** Rows are counted by the table they come from. */
  readonly reads: Record<string, number>;
}

async function openFeed(more: Partial<FeedOptions> = {}): Promise<OpenFeed> {
  const server = createServer();
  const reads: Record<string, number> = {};
  const sql: Sql = {
    rows(text, values) {
      const table = / from (\w+)/.exec(text)?.[1] ?? '';
      reads[table] = (reads[table] ?? 0) + 1;
      return world.sql.rows(text, values);
    },
  };
  const feed = serveFeed(server, {
    ...{ sql: { at: () => sql }, heights: world.heights, shard: 0 },
    metrics: createMetrics('reader'),
    log: pino({ level: 'silent' }),
    ...more,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => {
    await feed.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/feed`, feed, server, reads };
}

/** A client that keeps what it hears. */
async function listenTo(url: string, subscription?: object) {
  const socket = new WebSocket(url);
  const heard: Message[] = [];
  let wake = (): void => undefined;
  let closed: { readonly code: number; readonly reason: string } | null = null;
  socket.on('message', (data) => {
    heard.push(JSON.parse(String(data)));
    wake();
  });
  socket.on('close', (code, reason) => {
    closed = { code, reason: String(reason) };
    wake();
  });
  socket.on('error', () => undefined);
  opened.push(() => socket.terminate());
  await once(socket, 'open');
  if (subscription !== undefined) socket.send(JSON.stringify(subscription));
  const until = async (holds: () => boolean, title: string, msMax = 10_000): Promise<void> => {
    const deadlineMs = performance.now() + msMax;
    while (!holds()) {
      if (performance.now() > deadlineMs) throw new Error(`never: ${title}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 50);
      });
    }
  };
  return {
    socket,
    heard,
    until,
    heights: () => heard.flatMap(({ block }) => (block === undefined ? [] : [block.height])),
    closed: () => closed,
  };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the feed', () => {
  it('goes on from any height, in order, from the past into what comes', async () => {
    const { url } = await openFeed();
    const client = await listenTo(url, { topics: ['blocks', 'commands'], from: 3 });
    await client.until(() => client.heights().includes(20), 'height 20');
    await world.project(5);
    await client.until(() => client.heights().includes(25), 'height 25');
    expect(client.heights()).toEqual(range(3, 25));
    // Each block comes before its commands, and these as the read API has them.
    const order = client.heard.flatMap(
      ({ block, command }) => block?.height ?? command?.height ?? [],
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    const listCommands = routes.find((route) => route.url === '/explorer/commands')!;
    const context = {
      ...{ sql: world.sql, genesis: engineGenesis, keys: engineKeys, shard: 0 },
      ...{ visible: world.heights.current(), states: { read: async () => null } },
    };
    const answer = await listCommands.read(context, { limit: 100, fromHeight: 3, asOf: 25 });
    const body = answer.kind === 'found' ? answer.body : {};
    const expected = (body as { readonly items: Message['command'][] }).items;
    const commands = client.heard.flatMap(({ command }) => command ?? []);
    expect(commands.slice(-expected.length)).toEqual(expected.toReversed());
  });

  it.each(['from=0', 'from=1'])('begins with the first height: %s', async (query) => {
    const { url } = await openFeed();
    const client = await listenTo(`${url}?${query}`);
    await client.until(() => client.heights().includes(7), 'height 7');
    expect(client.heard[0]).toMatchObject({ type: 'subscribed', from: 1 });
    expect(client.heights().slice(0, 7)).toEqual(range(1, 7));
  });

  it('goes on where another reader was left', async () => {
    const [first, second] = [await openFeed(), await openFeed()];
    const one = await listenTo(`${first.url}?from=1`);
    await one.until(() => one.heights().length >= 7, 'seven heights');
    one.socket.terminate();
    const seen = one.heights().slice(0, 7);
    const two = await listenTo(second.url, { topics: ['blocks'], from: 8 });
    const { height } = world.heights.current();
    await two.until(() => two.heights().includes(height), 'the newest height');
    expect([...seen, ...two.heights()]).toEqual(range(1, height));
  });

  it('sends only what was asked for: an account, what it is paid, a command, the pace', async () => {
    const { url } = await openFeed();
    const all = await listenTo(url, { topics: ['commands'], from: 1 });
    const last = world.heights.current().height;
    await all.until(() => all.heard.some(({ command }) => command?.height === last), 'the last');
    const commands = all.heard.flatMap(({ command }) => (command === undefined ? [] : [command]));
    const paid = commands.find((each) => {
      const { kind, status } = each as unknown as { kind: string; status: string };
      return kind === 'Transfer' && status === 'executed';
    }) as unknown as { id: string; instruction: { to: string } };
    const { to } = paid.instruction;
    const one = await listenTo(url, { topics: [`account:${to}`, `command:${paid.id}`], from: 1 });
    await one.until(() => one.heard.some(({ command }) => command?.id === paid.id), 'the payment');
    for (const { command } of one.heard) {
      if (command === undefined) continue;
      const { account, instruction } = command as unknown as {
        account: string;
        instruction: { to?: string };
      };
      expect([account, instruction.to]).toContain(to);
    }
    expect(one.heights()).toEqual([]);
    const pace = await listenTo(`${url}?topics=stats`);
    await pace.until(() => pace.heard.some(({ type }) => type === 'stats'), 'the pace');
    expect(pace.heard.at(-1)).toMatchObject({ blockTimeMs: 1_000, visibleHeight: last });
  });

  it('finds what an account and a command have in a long past, and the blocks with them', async () => {
    const { url, reads } = await openFeed();
    await world.project(100);
    const last = world.heights.current().height;
    const all = await listenTo(url, { topics: ['blocks', 'commands'], from: 1 });
    await all.until(() => all.heard.some(({ command }) => command?.height === last), 'the last');
    interface Seen {
      readonly id: string;
      readonly account: string;
      readonly status: string;
      readonly instruction: { readonly to?: string };
    }
    const of = (each: Message) => each.command as unknown as Seen;
    const paid = all.heard.findLast(
      (each) => each.command !== undefined && of(each).instruction.to !== undefined,
    )!;
    const { to } = of(paid).instruction;
    const { id } = all.heard.find(({ command }) => command !== undefined)!.command!;
    const isOurs = (each: Message): boolean => {
      if (each.command === undefined) return false;
      const { account, status, instruction } = of(each);
      const isPaid = instruction.to === to && status === 'executed';
      return account === to || isPaid || each.command.id === id;
    };
    for (const blocks of [[], ['blocks']]) {
      // A reader that has nothing of it in memory yet.
      const other = await openFeed();
      const topics = [...blocks, `account:${to}`, `command:${id}`];
      const some = await listenTo(other.url, { topics, from: 1 });
      const expected = all.heard.filter(
        (each) => isOurs(each) || (blocks.length > 0 && each.block !== undefined),
      );
      await some.until(() => some.heard.length > expected.length, 'all of them');
      expect(some.heard.slice(1)).toEqual(expected);
    }
    expect(reads.blocks).toBeGreaterThan(0);
  });

  it('reads nothing for who wants nothing of a height, or none that there is', async () => {
    const { url, reads } = await openFeed({ heartbeatMs: 50 });
    const { height } = world.heights.current();
    const far = { topics: ['blocks'], from: Number.MAX_SAFE_INTEGER };
    for (const subscription of [{ topics: [], from: 1 }, { topics: ['stats'], from: 1 }, far]) {
      const client = await listenTo(url, subscription);
      const next = Math.max(height + 1, subscription.from);
      const isBeyond = () => client.heard.some(({ nextHeight }) => nextHeight === next);
      await client.until(isBeyond, 'nothing is missing');
    }
    await world.project(1);
    expect(reads.commands).toBeUndefined();
  });

  it('reads each height once, however many follow', async () => {
    const { url, reads } = await openFeed();
    const clients = await Promise.all(
      range(1, 20).map(() => listenTo(url, { topics: ['blocks', 'commands'] })),
    );
    const from = world.heights.current().height;
    await Promise.all(
      clients.map((client) => client.until(() => client.heard.length > 0, 'subscribed')),
    );
    await world.project(10);
    for (const client of clients) {
      await client.until(() => client.heights().includes(from + 10), 'the last');
      expect(client.heights()).toEqual(range(from + 1, from + 10));
    }
    expect(reads.blocks).toBeLessThanOrEqual(10);
    expect(reads.commands).toBe(reads.blocks);
  });

  it('answers what it does not understand with one error, and closes', async () => {
    const { url, feed } = await openFeed();
    for (const [text, code] of [
      ['{', RejectCode.undecodable],
      ['{"topics":["gossip"]}', RejectCode.badParameter],
      ['{"topics":["blocks"],"from":-4}', RejectCode.badCursor],
    ] as const) {
      const client = await listenTo(url);
      client.socket.send(text);
      await client.until(() => client.closed() !== null, 'closed');
      expect(client.heard).toEqual([expect.objectContaining({ type: 'error', code })]);
      expect(client.closed()?.code).toBe(CloseCode.protocolError);
    }
    for (const [query, name] of [
      ['topics=commands&topics=blocks', 'topics'],
      ['topics=blocks&From=1700', 'From'],
      [`${'x'.repeat(300)}=1`, 'xxx'],
      ['topics=blocks?from=3', 'topics'],
    ] as const) {
      const client = await listenTo(`${url}?${query}`);
      await client.until(() => client.closed() !== null, 'closed');
      const error = { type: 'error', code: RejectCode.badParameter, name: 'badParameter' };
      expect(client.heard).toEqual([
        expect.objectContaining({ ...error, detail: expect.stringMatching(`^${name}`) }),
      ]);
      expect(client.closed()?.code).toBe(CloseCode.protocolError);
    }
    const client = await listenTo(url);
    client.socket.send('x'.repeat(100_000));
    await client.until(() => client.closed() !== null, 'closed');
    expect(client.closed()?.code).toBe(1009);
    expect(feed.clients()).toBe(0);
  });

  it('survives a peer that hangs up while it is refused', async () => {
    const { url, server } = await openFeed();
    const { port } = server.address() as AddressInfo;
    for (let i = 0; i < 20; i++) {
      const raw = connect(port, '127.0.0.1');
      await once(raw, 'connect');
      raw.write(
        'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
      raw.resetAndDestroy();
    }
    const client = await listenTo(`${url}?from=1`);
    await client.until(() => client.heights().length > 0, 'a height');
  });
});

/** Rows of blocks that fill an outbox soon. */
const heavySql = (digestBytes = 200_000): Sql => ({
  async rows(text, values) {
    if (!text.includes(' from blocks ')) return [];
    const [, from, to] = values as number[];
    return range(from!, to!).map((height) => ({
      height: BigInt(height),
      digest: new Uint8Array(digestBytes),
      ...Object.fromEntries(
        ['parent', 'state_root', 'events_root', 'seed', 'result_digest'].map((name) => [
          name,
          new Uint8Array(32),
        ]),
      ),
      ...Object.fromEntries(
        ['epoch', 'view', 'timestamp_ms', 'size_bytes'].map((name) => [name, 0n]),
      ),
      ...Object.fromEntries(
        ['proposer', 'item_count', 'envelope_count', 'command_count', 'engine_version'].map(
          (name) => [name, 0],
        ),
      ),
    }));
  },
});

describe('a slow client', () => {
  it('that reads at last gets every height; nobody else waits for it', async () => {
    const heights = steeredHeights(100);
    const { url } = await openFeed({ sql: { at: () => heavySql() }, heights });
    const slow = await listenTo(`${url}?from=1`);
    slow.socket.pause();
    const quick = await listenTo(`${url}?from=1`);
    await quick.until(() => quick.heights().includes(100), 'the quick one has all');
    slow.socket.resume();
    await slow.until(() => slow.heights().includes(100), 'the slow one has all');
    expect(slow.heights()).toEqual(range(1, 100));
  });

  it('that never reads is closed, with the height to resume from', async () => {
    const heights = steeredHeights(100);
    const { url, feed } = await openFeed({
      sql: { at: () => heavySql() },
      heights,
      stallMsMax: 200,
    });
    const slow = await listenTo(`${url}?from=1`);
    slow.socket.pause();
    await slow.until(() => feed.clients() === 0, 'evicted');
  });

  it('that reads a little all the time is never cut off, and gets every height', async () => {
    // Far more than the network holds, at a pace at which that alone takes many heartbeats, and so
    // does an outbox.
    const last = 400;
    const sql = { at: () => heavySql(16_000) };
    const short = { heartbeatMs: 300, stallMsMax: 400 };
    const { url } = await openFeed({ sql, heights: steeredHeights(last), ...short });
    const slow = await listenTo(`${url}?from=1`);
    slow.socket.on('message', () => {
      if (slow.socket.isPaused) return;
      slow.socket.pause();
      setTimeout(() => slow.socket.resume(), 25);
    });
    const isOver = () => slow.heights().includes(last) || slow.closed() !== null;
    await slow.until(isOver, 'all of it', 60_000);
    expect(slow.closed()).toBeNull();
    expect(slow.heights()).toEqual(range(1, last));
  });

  it('that takes nothing is gone after two heartbeats, whatever waits for it', async () => {
    const heartbeatMs = 100;
    const sql = { at: () => heavySql() };
    const { url, feed } = await openFeed({ sql, heights: steeredHeights(100), heartbeatMs });
    const full = await listenTo(`${url}?from=1`);
    full.socket.pause();
    const idle = await listenTo(`${url}?from=101`);
    idle.socket.pause();
    const beganMs = performance.now();
    await idle.until(() => feed.clients() === 0, 'both are gone');
    expect(performance.now() - beganMs).toBeGreaterThan(heartbeatMs);
  });

  it('that asked for no height in particular is told what it misses', async () => {
    const heights = steeredHeights(5);
    const { url } = await openFeed({ sql: { at: () => heavySql() }, heights });
    const client = await listenTo(url, { topics: ['blocks'] });
    await client.until(() => client.heard.length > 0, 'subscribed');
    heights.move(6 + FEED_SKIP_HEIGHTS);
    await client.until(() => client.heights().length > 0, 'a block');
    expect(client.heights()).toEqual([6 + FEED_SKIP_HEIGHTS]);
    expect(client.heard).toContainEqual({
      type: 'skipped',
      fromHeight: 6,
      toHeight: 5 + FEED_SKIP_HEIGHTS,
    });
  });
});

describe('an upgrade to the feed', () => {
  const UPGRADE =
    'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

  it.each(['//', '///feed', '/feed/', 'http://[', '/%'])('at %s is refused', async (path) => {
    const { url, server } = await openFeed();
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\n${UPGRADE}`);
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toMatch(/^HTTP\/1.1 40[04]/);
      socket.destroy();
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
    expect(uncaught).toEqual([]);
    const { socket } = await listenTo(url, { topics: ['blocks'] });
    socket.close();
  });

  it('answers whoever would rather speak HTTP/2 in the protocol at hand', async () => {
    const { server } = await openFeed();
    server.on('request', (request, response) => {
      response.setHeader('content-type', 'text/plain').end(`you asked for ${request.url}`);
    });
    const { port } = server.address() as AddressInfo;
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' };
    for (const path of ['/explorer/status', '/feed']) {
      const asked = get({ host: '127.0.0.1', port, path, headers, agent: false });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      expect(response.headers.connection).toBe('close');
      expect(await text(response)).toBe(`you asked for ${path}`);
    }
  });

  it('is refused beyond the connections of an address', async () => {
    const { server } = await openFeed({ connectionsPerAddressMax: 2 });
    const statusFrom = async (remoteAddress: string): Promise<string> => {
      const said: string[] = [];
      const stream = new Duplex({
        read: () => undefined,
        write: (chunk, _, done) => {
          said.push(String(chunk));
          done();
        },
      });
      const headers = Object.fromEntries(
        UPGRADE.trim()
          .split('\r\n')
          .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.split(': ')[1]]),
      );
      const request = { url: '/feed', method: 'GET', headers, socket: { remoteAddress } };
      server.emit('upgrade', request, stream, Buffer.alloc(0));
      while (said.length === 0) await new Promise((wake) => setTimeout(wake, 1));
      return said.join('').slice(9, 12);
    };
    expect(await statusFrom('192.0.2.1')).toBe('101');
    expect(await statusFrom('192.0.2.1')).toBe('101');
    expect(await statusFrom('192.0.2.1')).toBe('429');
    expect(await statusFrom('192.0.2.2')).toBe('101');
    for (let i = 0; i < 4; i++) expect(await statusFrom('127.0.0.1')).toBe('101');
  });
});
