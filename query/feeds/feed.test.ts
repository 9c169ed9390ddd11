import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FeedTopic } from '../../schemas/feedTopic.js';
import {
  FEED_CATCH_UP_READS,
  FEED_CHUNK_COMMANDS,
  FEED_CHUNK_HEIGHTS,
  FEED_SCAN_HEIGHTS,
} from '../../schemas/limits.js';
import type { Sql } from '../ports.js';
import { createFeedReader } from './feed.js';
import { feedWants } from './feedWants.js';
import { messagesFor } from './heightMessages.js';

const NOBODY = `account:${'00'.repeat(32)}` as const;
const bytes = new Uint8Array(32).fill(7);
const PLAYER = `account:${'07'.repeat(32)}` as const;

const block = (height: number, commandCount: number) => ({
  ...{ height: BigInt(height), digest: bytes, parent: bytes, state_root: bytes },
  ...{ events_root: bytes, seed: bytes, result_digest: bytes, epoch: 0n, view: 0n },
  ...{ timestamp_ms: 0n, size_bytes: 0n, proposer: 0, item_count: 0, envelope_count: 0 },
  ...{ command_count: commandCount, engine_version: 1 },
});

const command = (height: number, index: number, serialised: () => void) => ({
  ...{ id: bytes, height: BigInt(height), execution_index: index, timestamp_ms: 0n },
  ...{ account: bytes, signer: bytes, authorization_number: 0n, nonce: 0n, request_id: null },
  ...{ request_until_ms: null, kind: 'ClaimFaucet', status: 'executed', code: null },
  ...{ first_height: null, first_execution_index: null },
  instruction: {
    get asset() {
      serialised();
      return 0;
    },
  },
});

/** Tables with so many commands a height, all of one player. */
function openTables(perHeight: number, pauseMs = 0) {
  const counts = { statements: 0, rows: 0, serialised: 0, running: 0, runningMost: 0 };
  const order: number[] = [];
  const serialised = () => void counts.serialised++;
  const rows: Sql['rows'] = async (text, values) => {
    counts.statements++;
    counts.runningMost = Math.max(counts.runningMost, ++counts.running);
    const [, from = 0, to = 0] = values.map(Number);
    order.push(from);
    await sleep(pauseMs);
    counts.running--;
    const found: Record<string, unknown>[] = [];
    // Whoever names an account or an id in the statement is nobody here, or the player.
    const isNobody = / in \(/.test(text) && values.slice(3).every((value) => !isPlayer(value));
    const limit = Number(/ limit (\d+)/.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
    for (let height = from; height <= to && found.length < limit; height++) {
      if (text.includes(' from blocks ')) found.push(block(height, perHeight));
      else if (!isNobody) {
        for (let i = 1; i <= perHeight; i++) found.push(command(height, i, serialised));
      }
    }
    counts.rows += Math.min(found.length, limit);
    return found.slice(0, limit);
  };
  return { counts, order, reader: createFeedReader({ at: () => ({ rows }) }, 0, encode) };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const isPlayer = (value: unknown): boolean => value instanceof Uint8Array && value[0] === 7;
const wanting = (...topics: FeedTopic[]) => feedWants(new Set(topics));
const isWanted = () => true;

describe('a reader of the feed', () => {
  it('takes of the past what topics are about, and no row besides', async () => {
    const { counts, reader } = openTables(20);
    const wants = wanting(NOBODY, `command:${'00'.repeat(32)}`);
    let from = 1;
    while (from < 10_000 - FEED_CHUNK_HEIGHTS) {
      const { heights, through } = await reader.read({ from, visible: 10_000, wants, isWanted });
      expect(heights).toEqual([]);
      expect(through).toBe(Math.min(10_000, from + FEED_SCAN_HEIGHTS - 1));
      from = through + 1;
    }
    expect(counts).toMatchObject({
      rows: 0,
      serialised: 0,
      statements: 10_000 / FEED_SCAN_HEIGHTS,
    });
    const wantsBlocks = { from: 1, visible: 10_000, wants: wanting('blocks'), isWanted };
    const chunk = await reader.read(wantsBlocks);
    expect(chunk.through).toBe(FEED_CHUNK_HEIGHTS);
    expect(counts.rows).toBe(FEED_CHUNK_HEIGHTS);
  });

  it('serialises what somebody gets, once for all of them', async () => {
    const { counts, reader } = openTables(20);
    const read = async (...topics: FeedTopic[]) => {
      const wants = wanting(...topics);
      const { heights } = await reader.read({ from: 100, visible: 100, wants, isWanted });
      return heights.flatMap((height) => messagesFor(wants, height));
    };
    expect(await read(NOBODY)).toEqual([]);
    expect(await read('blocks')).toHaveLength(1);
    expect(counts.serialised).toBe(0);
    expect(await read('commands')).toHaveLength(20);
    const { serialised } = counts;
    expect(serialised).toBeGreaterThan(0);
    expect(await read('commands', 'blocks')).toHaveLength(21);
    expect(await read(PLAYER)).toHaveLength(20);
    expect(counts).toMatchObject({ serialised, statements: 2 });
  });

  it.each([
    ['several heights', 300],
    ['one height that is above a chunk', FEED_CHUNK_COMMANDS + 10],
  ])('ends a chunk with a whole height: %s', async (_title, perHeight) => {
    for (const topics of [['commands'], [PLAYER], ['blocks', PLAYER]] as FeedTopic[][]) {
      const { reader } = openTables(perHeight);
      const wants = wanting(...topics);
      let from = 1;
      for (let chunks = 0; chunks < 4; chunks++) {
        const { heights, through } = await reader.read({ from, visible: 1_000, wants, isWanted });
        expect(through).toBeGreaterThanOrEqual(from);
        expect(heights.map(({ height }) => height)).toEqual(
          Array.from({ length: through - from + 1 }, (_, index) => from + index),
        );
        for (const height of heights) expect(height.commands).toHaveLength(perHeight);
        const most = Math.max(perHeight, FEED_CHUNK_COMMANDS);
        expect(heights.length * perHeight).toBeLessThanOrEqual(most);
        from = through + 1;
      }
    }
  });

  it('reads some of the past at a time, in turns; the newest height does not wait', async () => {
    const { counts, order, reader } = openTables(1, 5);
    const wants = wanting(NOBODY);
    const visible = 1_000_000;
    const asks = (from: number, isAsked: () => boolean) =>
      reader.read({ from, visible, wants, isWanted: isAsked });
    const clients = [1, 100_001, 200_001, 300_001, 400_001].map(async (first) => {
      let from = first;
      for (let i = 0; i < 4; i++) from = (await asks(from, isWanted)).through + 1;
    });
    const left = asks(777_777, () => false);
    await Promise.all([...clients, left]);
    expect(counts.runningMost).toBe(FEED_CATCH_UP_READS);
    expect(order).not.toContain(777_777);
    for (let round = 0; round < 4; round++) {
      const turn = order.slice(5 * round, 5 * round + 5).map((from) => Math.floor(from / 100_000));
      expect(turn.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    }
    const waiting = [1, 2, 3, 4, 5, 6].map((from) => asks(from, isWanted));
    const newest = reader.read({ from: visible, visible, wants, isWanted });
    expect(order.slice(-2)).toEqual([visible, visible]);
    await Promise.all([...waiting, newest]);
  });
});
