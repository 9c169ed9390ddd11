import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FEED_OUTBOX_BYTES_MAX, MAX_BLOCK_COMMANDS } from '../../schemas/limits.js';
import { openMuteFeed, openServedFeed, steeredHeights } from '../../test/simulation/servedFeed.js';

/** More than an outbox and what systems hold of a connection have room for. */
const COMMAND_BYTES = 6_000;
const HEIGHT_BYTES = MAX_BLOCK_COMMANDS * COMMAND_BYTES;
const CLIENTS = 16;

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

const bytes = new Uint8Array(32);
const command = (height: number, index: number) => ({
  ...{ id: bytes, height: BigInt(height), execution_index: index, timestamp_ms: 0n },
  ...{ account: bytes, signer: bytes, authorization_number: 0n, nonce: BigInt(index) },
  ...{ request_id: null, request_until_ms: null, kind: 'ClaimFaucet', status: 'executed' },
  ...{ code: null, first_height: null, first_execution_index: null },
  instruction: { said: 'é'.repeat(COMMAND_BYTES / 2) },
});

/** The first height has as many commands as a block may have, each as large as few are. */
const rows = async (text: string, values: readonly unknown[]) => {
  const [, from, to] = values.map(Number);
  const heights = Array.from({ length: to! - from! + 1 }, (_, index) => from! + index);
  if (text.includes(' from commands ')) {
    if (!heights.includes(1)) return [];
    return Array.from({ length: MAX_BLOCK_COMMANDS }, (_, index) => command(1, index + 1));
  }
  return heights.map((height) => ({
    ...{ height: BigInt(height), digest: bytes, parent: bytes, state_root: bytes },
    ...{ events_root: bytes, seed: bytes, result_digest: bytes, epoch: 0n, view: 0n },
    ...{ timestamp_ms: 0n, size_bytes: 0n, proposer: 0, item_count: 0, envelope_count: 0 },
    ...{ command_count: height === 1 ? MAX_BLOCK_COMMANDS : 0, engine_version: 1 },
  }));
};

function readSome(socket: Socket): void {
  let read = 0;
  socket.removeAllListeners('readable');
  socket.on('data', (data) => {
    read += data.length;
    if (read > 4 * FEED_OUTBOX_BYTES_MAX) socket.pause();
  });
}

it('a large height is in memory once, however many wait for it, and comes whole', async () => {
  const heights = steeredHeights(0);
  const { port, feed } = await openServedFeed({ rows, heights });
  opened.push(heights.close);
  const mutes: Socket[] = [];
  const query = '?from=1&topics=blocks,commands';
  for (let client = 0; client < CLIENTS; client++) {
    const mute = await openMuteFeed(port, query);
    opened.push(() => mute.destroy());
    mutes.push(mute);
  }
  const reader = new WebSocket(`ws://127.0.0.1:${port}/feed${query}`);
  opened.push(() => reader.terminate());
  await once(reader, 'open');
  const heard: string[] = [];
  let unread = 0;
  reader.on('message', (data) => {
    const { type, block, command: said } = JSON.parse(String(data));
    if (type === 'block') heard.push(`block ${block.height}`);
    else if (type === 'command') heard.push(String(said.executionIndex));
    // At a steady pace: an outbox's worth, and then a moment for others.
    unread += (data as Buffer).length;
    if (unread < FEED_OUTBOX_BYTES_MAX || reader.isPaused) return;
    unread = 0;
    reader.pause();
    setTimeout(() => reader.resume(), 10);
  });
  const before = process.memoryUsage().arrayBuffers;
  heights.move(2);
  await expect.poll(() => heard.at(-1), { timeout: 30_000 }).toBe('block 2');
  const commands = Array.from({ length: MAX_BLOCK_COMMANDS }, (_, index) => String(index + 1));
  expect(heard).toEqual(['block 1', ...commands, 'block 2']);
  // Who reads some of it makes room for the rest, which is then handed to the system as a whole.
  for (const mute of mutes) readSome(mute);
  await sleep(500);
  const held = process.memoryUsage().arrayBuffers - before;
  expect(held).toBeLessThan(5 * HEIGHT_BYTES);
  expect(feed.clients()).toBe(CLIENTS + 1);
});
