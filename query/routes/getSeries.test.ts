import fc from 'fast-check';
import { expect, it } from 'vitest';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import type { Sql } from '../ports.js';
import { getSeries } from './getSeries.js';

const MINUTE_MS = 60_000;
/** The chain began in this minute, and is in another one now. */
const FIRST_MS = 1_000 * MINUTE_MS;
const NOW_MS = 1_009 * MINUTE_MS + 59_999;

/** Tables with a block every ten seconds. */
const rows: Sql['rows'] = async (text, values) => {
  const [, spanMs = 0, fromMs = 0, endMs = 0] = values.map(Number);
  expect(spanMs).toBe(MINUTE_MS);
  if (text.includes('min(bucket_ms)')) return [{ first: BigInt(FIRST_MS) }];
  const found: { start_ms: bigint; value: string }[] = [];
  for (let at = Math.max(fromMs, FIRST_MS); at < Math.min(endMs, NOW_MS); at += MINUTE_MS) {
    found.push({ start_ms: BigInt(at), value: '6' });
  }
  return found;
};

type Point = { readonly startMs: number; readonly value: string };
type Body = { readonly points: readonly Point[]; readonly nextFromMs: number | null };

async function answerTo(query: Readonly<Record<string, string | number>>) {
  const context = { sql: { rows }, genesis: engineGenesis, keys: engineKeys, shard: 0 };
  const visible = { height: 60, timestampMs: NOW_MS };
  const asked = { series: 'blocks', span: 'minute', ...query };
  return getSeries.read({ ...context, visible, states: { read: async () => null } }, asked);
}

async function bodyOf(query: Readonly<Record<string, string | number>>): Promise<Body> {
  const answer = await answerTo(query);
  return (answer.kind === 'found' ? answer.body : null) as unknown as Body;
}

const minutes = (first: number, last: number): Point[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({
    startMs: (first + index) * MINUTE_MS,
    value: '6',
  }));

it('a series is walked from its oldest point on, each once, whatever the window', async () => {
  const windows = fc.record({
    fromMs: fc.integer({ min: 0, max: FIRST_MS + MINUTE_MS - 1 }),
    points: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(windows, async ({ fromMs, points }) => {
      const walked: Point[] = [];
      for (let next: number | null = fromMs; next !== null; ) {
        const body: Body = await bodyOf({ fromMs: next, points });
        expect(body.points.length).toBeLessThanOrEqual(points);
        walked.push(...body.points);
        next = body.nextFromMs;
      }
      expect(walked).toEqual(minutes(1_000, 1_009));
    }),
  );
});

it('times at both ends stand for the whole of their buckets', async () => {
  const fromMs = 1_003 * MINUTE_MS + 1;
  const untilMs = 1_005 * MINUTE_MS + 1;
  expect(await bodyOf({ fromMs, untilMs })).toMatchObject({
    points: minutes(1_003, 1_005),
    nextFromMs: null,
  });
  expect(await bodyOf({ fromMs, untilMs, points: 2 })).toMatchObject({
    points: minutes(1_003, 1_004),
    nextFromMs: 1_005 * MINUTE_MS,
  });
});

it('nothing is there from a time on that is not yet, or not before the end', async () => {
  const nothing = { points: [], nextFromMs: null };
  expect(await bodyOf({ fromMs: 1_010 * MINUTE_MS })).toMatchObject(nothing);
  const untilMs = 1_003 * MINUTE_MS;
  expect(await bodyOf({ fromMs: untilMs + MINUTE_MS, untilMs })).toMatchObject(nothing);
});

it('without a begin the newest are given, and none follow', async () => {
  expect(await bodyOf({ points: 3 })).toMatchObject({
    points: minutes(1_007, 1_009),
    nextFromMs: null,
  });
});

it('a file says where the next one begins', async () => {
  const value = String(1_002 * MINUTE_MS);
  expect(await answerTo({ fromMs: 0, points: 2, format: 'csv' })).toMatchObject({
    text: `start_ms,value\r\n${FIRST_MS},6\r\n${FIRST_MS + MINUTE_MS},6\r\n`,
    next: { name: 'fromMs', value },
  });
  expect(await answerTo({ fromMs: 0, format: 'csv' })).toMatchObject({ next: null });
});
