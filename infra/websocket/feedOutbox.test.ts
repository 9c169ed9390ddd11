import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import {
  FEED_MESSAGE_BYTES_MAX,
  FEED_MESSAGES_BURST,
  FEED_OUTBOX_BYTES_MAX,
} from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import {
  clientFrame,
  openMuteFeed,
  openServedFeed,
  steeredHeights,
} from '../../test/simulation/servedFeed.js';
import { openFeedOutbox } from './feedOutbox.js';

const TEXT = 1;
const PONG = 10;
const FAR = '{"topics":["blocks"],"from":9007199254740990}';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** Blocks that fill an outbox soon. */
const heavyRows = async (text: string, values: readonly unknown[]) => {
  if (!text.includes(' from blocks ')) return [];
  const [, from, to] = values.map(Number);
  const bytes = new Uint8Array(32);
  return Array.from({ length: to! - from! + 1 }, (_, index) => ({
    ...{ height: BigInt(from! + index), digest: new Uint8Array(200_000), parent: bytes },
    ...{ state_root: bytes, events_root: bytes, seed: bytes, result_digest: bytes },
    ...{ epoch: 0n, view: 0n, timestamp_ms: 0n, size_bytes: 0n, proposer: 0, item_count: 0 },
    ...{ envelope_count: 0, command_count: 0, engine_version: 1 },
  }));
};

async function openFeed(more: { readonly stallMsMax?: number; readonly heartbeatMs?: number }) {
  const served = await openServedFeed({ rows: heavyRows, heights: steeredHeights(300), ...more });
  opened.push(served.close);
  return served;
}

async function gone(feed: { clients(): number }, msMax: number): Promise<void> {
  const deadlineMs = performance.now() + msMax;
  while (feed.clients() > 0) {
    if (performance.now() > deadlineMs) throw new Error('the client is still there');
    await sleep(20);
  }
}

describe('what a client says', () => {
  it('has a rate: beyond it one error, and the end', async () => {
    const { port } = await openFeed({});
    const socket = new WebSocket(`ws://127.0.0.1:${port}/feed`);
    opened.push(() => socket.terminate());
    const heard: { type: string; code?: number }[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    await once(socket, 'open');
    for (let i = 0; i < 10 * FEED_MESSAGES_BURST; i++) socket.send(FAR);
    const [code] = await once(socket, 'close');
    expect(code).toBe(CloseCode.protocolError);
    const answers = heard.filter(({ type }) => type === 'subscribed').length;
    expect(answers).toBeGreaterThanOrEqual(FEED_MESSAGES_BURST);
    expect(answers).toBeLessThan(2 * FEED_MESSAGES_BURST);
    expect(heard.slice(answers)).toEqual([
      expect.objectContaining({ type: 'error', code: RejectCode.rateLimited }),
    ]);
  });

  it('without reading the answers ends the connection, above the rate or below it', async () => {
    const { port, feed } = await openFeed({ stallMsMax: 200, heartbeatMs: 400 });
    const flooding = await openMuteFeed(port);
    opened.push(() => flooding.destroy());
    flooding.write(Buffer.concat(Array.from({ length: 5_000 }, () => clientFrame(TEXT, FAR))));
    await gone(feed, 5_000);
    const steady = await openMuteFeed(port);
    const timer = setInterval(() => steady.write(clientFrame(TEXT, FAR)), 300);
    opened.push(() => clearInterval(timer));
    opened.push(() => steady.destroy());
    await gone(feed, 5_000);
  });
});

describe('a pong', () => {
  const unasked = ['', 'abcdef', '\0\0\0\0\0\0'];
  it.each(unasked)('that answers no ping is no sign of reading: %j', async (payload) => {
    const { port, feed } = await openFeed({ stallMsMax: 400, heartbeatMs: 400 });
    const full = await openMuteFeed(port, '?from=1');
    const idle = await openMuteFeed(port, '?from=301');
    for (const socket of [full, idle]) {
      const timer = setInterval(() => socket.write(clientFrame(PONG, payload)), 50);
      opened.push(() => clearInterval(timer));
      opened.push(() => socket.destroy());
    }
    await gone(feed, 5_000);
  });

  it('counts once', async () => {
    const pings: Buffer[] = [];
    let pong = (_: Buffer): void => undefined;
    const socket = {
      bufferedAmount: 0,
      ping: (data: Buffer) => pings.push(data),
      on: (_: string, listener: typeof pong) => {
        pong = listener;
      },
    };
    const outbox = openFeedOutbox(socket as unknown as WebSocket);
    for (let i = 0; i < 3; i++) {
      expect(outbox.beat()).toBe(true);
      pong(pings.at(-1)!);
    }
    expect(outbox.beat()).toBe(true);
    // Of the ping before last, which the answer to the last one has answered too.
    pong(pings[1]!);
    expect(outbox.beat()).toBe(false);
  });
});

it('a full outbox takes a few answers, and then no more', () => {
  let bufferedAmount = FEED_OUTBOX_BYTES_MAX + 1;
  const sent: string[] = [];
  const socket = {
    get bufferedAmount() {
      return bufferedAmount;
    },
    on: () => undefined,
    send: (text: string) => sent.push(text),
  };
  const outbox = openFeedOutbox(socket as unknown as WebSocket);
  const answer = 'x'.repeat(100);
  const most = Math.floor(FEED_MESSAGE_BYTES_MAX / answer.length);
  for (let i = 0; i < most; i++) expect(outbox.say(answer)).toBe(true);
  expect(outbox.say(answer)).toBe(false);
  expect(sent.length).toBe(most);
  bufferedAmount = 0;
  expect(outbox.say(answer)).toBe(true);
  bufferedAmount = FEED_OUTBOX_BYTES_MAX + 1;
  expect(outbox.say(answer)).toBe(true);
});
