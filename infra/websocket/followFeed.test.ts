import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { FeedMessage } from '../../command/client/feedMessage.js';
import { feedMessages } from '../../command/client/feedMessages.js';
import { openTcpProxy } from '../../test/contracts/tcpProxy.js';
import { createPrng } from '../../test/simulation/prng.js';
import { openProjectedChain, type ProjectedChain } from '../../test/simulation/projectedChain.js';
import { createMetrics } from '../telemetry/metrics.js';
import { serveFeed } from './feedServer.js';
import { nodeClientWorld } from './nodeClientWorld.js';

const HEIGHTS = 120;
let chain: ProjectedChain;
beforeAll(async () => {
  chain = await openProjectedChain({ heights: HEIGHTS, commands: 6 });
  await chain.project(20);
});
afterAll(() => chain?.close());

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A reader's feed behind a network that can break. */
async function openFeed() {
  const server = createServer();
  const feed = serveFeed(server, {
    ...{ sql: chain.sql, heights: chain.heights, shard: 0, heartbeatMs: 50 },
    metrics: createMetrics('reader'),
    log: pino({ level: 'silent' }),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await openTcpProxy(0, () => (server.address() as AddressInfo).port);
  opened.push(async () => {
    await feed.close();
    server.closeAllConnections();
    server.close();
    await proxy.close();
  });
  return { url: `http://127.0.0.1:${proxy.port}`, proxy };
}

const nameOf = (message: FeedMessage): string =>
  message.type === 'block'
    ? `${message.block.height}`
    : message.type === 'command'
      ? `${message.command.height} ${message.command.id}`
      : 'stats';

/** What the tables hold, as the feed names it. */
async function expected(from: number, to: number): Promise<string[]> {
  const text = `select height, encode(id, 'hex') as id from commands
    where height between $1 and $2 order by height, execution_index`;
  const rows = await chain.sql.rows(text, [from, to]);
  const names: string[] = [];
  for (let height = from; height <= to; height++) {
    const own = rows.filter((row) => Number(row.height) === height);
    names.push(`${height}`, ...own.map(({ id }) => `${height} ${id}`));
  }
  return names;
}

it('follows two readers whose connections break at random: no hole, no double', async () => {
  const feeds = [await openFeed(), await openFeed()];
  const prng = createPrng(3);
  let isOver = false;
  let broken = 0;
  const breaking = (async () => {
    while (!isOver) {
      await sleep(prng.below(120));
      feeds[prng.below(2)]?.proxy.breakAll();
      broken++;
    }
  })();
  const growing = (async () => {
    for (let projected = 20; projected < HEIGHTS; projected += 10) {
      await sleep(150);
      await chain.project(10);
    }
  })();
  const heard: string[] = [];
  const messages = feedMessages({
    urls: feeds.map(({ url }) => url),
    // Short pauses: here it is broken far more often than a pause would be well.
    world: { ...nodeClientWorld(), random: () => Uint8Array.of(2, 0) },
    topics: ['blocks', 'commands'],
    from: 3,
  });
  const all = growing.then(() => expected(3, HEIGHTS));
  let wanted = Number.POSITIVE_INFINITY;
  void all.then((names) => {
    wanted = names.length;
  });
  for await (const message of messages) {
    heard.push(nameOf(message));
    if (heard.length >= wanted) break;
  }
  isOver = true;
  await Promise.all([breaking, growing]);
  expect(broken).toBeGreaterThan(5);
  expect(heard).toEqual(await all);
});

it('goes on from what a reader says it has sent', async () => {
  const { url, proxy } = await openFeed();
  const froms: number[] = [];
  const messages = feedMessages({
    ...{ urls: url, world: nodeClientWorld(), topics: [`account:${'00'.repeat(32)}`], from: 1 },
    onSubscribed: (from) => froms.push(from),
  });
  await sleep(400);
  proxy.breakAll();
  const deadlineMs = performance.now() + 10_000;
  while (froms.length < 2 && performance.now() < deadlineMs) await sleep(20);
  expect(froms).toEqual([1, chain.heights.current().height + 1]);
  messages.close();
});
