import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { encode } from '../../schemas/codec/codec.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { keysAfter } from '../../schemas/crypto/epochStart.js';
import {
  buildChain,
  type ChainedHeight,
  chainEvent,
  chainKeys,
  chainStart,
  keyedVerifiers,
  nextHeight,
  startEpoch,
} from '../../test/simulation/certifiedChain.js';
import { blockRecord, markRecord } from '../../test/simulation/chainRecords.js';
import { EventsFollower, type EventsTip } from './eventsFollower.js';

/** The randomised ones take seconds, and more where other suites have the processors. */
vi.setConfig({ testTimeout: 120_000 });
const PARTITION = 1;
const PARTITIONS = 4;
const start: EventsTip = {
  height: 0,
  lastEventHeight: 0,
  resultDigest: chainStart.resultDigest,
  timestampMs: chainStart.timestampMs,
  position: 0n,
};

/** A follower with an account of what it committed (height and count of events) and dropped. */
function follow(options: { tip?: EventsTip; windowBytes?: number; windowEvents?: number } = {}) {
  const dropped: Record<string, number> = {};
  const follower = new EventsFollower({
    keys: chainKeys,
    partition: PARTITION,
    partitions: PARTITIONS,
    tip: options.tip ?? start,
    verifier: keyedVerifiers.signatures,
    windowBytes: options.windowBytes ?? 1_000_000,
    windowEvents: options.windowEvents ?? 1_000,
    onDropped: (reason, count) => {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    },
  });
  const committed: [height: number, events: number][] = [];
  let offset = 0n;
  const read = (...values: Uint8Array[]): void => {
    for (const value of values) {
      for (const { tip, events } of follower.read(value, offset++)) {
        committed.push([tip.height, events.length]);
      }
    }
  };
  return { follower, committed, dropped, read, seek: (to: bigint) => (offset = to) };
}

/** Heights with these counts of events in our partition, and one event in another. */
function heightsOf(...counts: readonly number[]): ChainedHeight[] {
  return buildChain(counts.map((count) => [1, count, 0, 0]));
}

const eventsOf = (height: ChainedHeight | undefined): Uint8Array[] => [
  ...(height?.events[PARTITION] ?? []),
];
const markOf = (height: ChainedHeight | undefined): Uint8Array =>
  markRecord(height as ChainedHeight, PARTITION);
const recordsOf = (height: ChainedHeight): Uint8Array[] => [...eventsOf(height), markOf(height)];

describe('the reader’s rule of an events partition', () => {
  it('commits what a mark lists, in the order of the mark, and nothing before the mark', () => {
    const [first, second] = heightsOf(2, 1);
    const { committed, read, follower } = follow();
    read(...eventsOf(first).toReversed());
    expect(committed).toEqual([]);
    read(markOf(first), ...recordsOf(second as ChainedHeight));
    expect(committed).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(follower.tip).toMatchObject({ height: 2, lastEventHeight: 2, position: 5n });
  });

  it('advances by an empty mark, over heights whose marks were never written', () => {
    const heights = heightsOf(1, 0, 0, 0);
    const { committed, read, follower } = follow();
    read(...recordsOf(heights[0] as ChainedHeight), markOf(heights[3]));
    expect(committed).toEqual([
      [1, 1],
      [4, 0],
    ]);
    expect(follower.tip).toMatchObject({ height: 4, lastEventHeight: 1 });
  });

  it('drops and counts what is repeated, forged, foreign or no record at all', () => {
    const [first, second] = heightsOf(1, 1);
    const { committed, dropped, read } = follow();
    const forged = markOf(second).slice();
    const place = forged.length - 10; // inside the last signature
    forged[place] = (forged[place] ?? 0) ^ 1;
    read(
      ...recordsOf(first as ChainedHeight),
      ...recordsOf(first as ChainedHeight),
      chainEvent(2, PARTITION, 77), // an event that no quorum knows
      forged,
      chainEvent(2, PARTITION + 1, 0),
      blockRecord(first as ChainedHeight),
      Uint8Array.of(1, 2, 3),
      ...recordsOf(second as ChainedHeight),
    );
    expect(committed).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(dropped).toEqual({
      repeat: 2,
      'forged mark': 1,
      'foreign partition': 1,
      undecodable: 2,
      'never listed': 1,
    });
  });

  it('waits for the height that a mark continues: a hole', () => {
    const [first, second, third] = heightsOf(1, 1, 1);
    const { committed, read, follower } = follow();
    read(...recordsOf(first as ChainedHeight), ...recordsOf(third as ChainedHeight));
    expect(committed).toEqual([[1, 1]]);
    expect(follower.hole).toBe(2);
    expect(follower.certifiedHeight).toBe(3);
    read(...recordsOf(second as ChainedHeight));
    expect(committed).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    expect(follower.hole).toBeNull();
  });

  it('reads once more for a withheld event, then wants it, and commits when it comes', () => {
    const [first, second] = heightsOf(2, 1);
    const [shown, withheld] = eventsOf(first);
    const { committed, read, follower, seek } = follow();
    const stored = [shown, markOf(first), ...recordsOf(second as ChainedHeight)] as Uint8Array[];
    read(...stored);
    expect(follower.wanted).toBe(1);
    expect(follower.takeReread()).toBe(true);
    expect(follower.takeReread()).toBe(false);
    seek(follower.tip.position);
    read(...stored);
    expect(follower.takeReread()).toBe(false);
    expect(committed).toEqual([]);
    read(withheld as Uint8Array);
    expect(committed).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(follower.wanted).toBe(0);
  });

  it('finds an event on the second reading that junk had pushed out', () => {
    const [first] = heightsOf(1);
    const junk = Array.from({ length: 50 }, (_, index) => chainEvent(9, PARTITION, index));
    const { committed, read, follower, seek, dropped } = follow({ windowBytes: 2_000 });
    const stored = [...eventsOf(first), ...junk, markOf(first)];
    read(...stored);
    expect(committed).toEqual([]);
    expect(dropped['never listed']).toBeGreaterThan(20);
    expect(follower.takeReread()).toBe(true);
    seek(follower.tip.position);
    read(...stored);
    expect(committed).toEqual([[1, 1]]);
  });

  it('keeps so many candidates at most, however small, and reads once more for the others', () => {
    const [first] = heightsOf(3);
    const junk = Array.from({ length: 50 }, (_, index) => chainEvent(9, PARTITION, index));
    const { committed, read, follower, seek, dropped } = follow({ windowEvents: 2 });
    const stored = [...eventsOf(first), ...junk, markOf(first)];
    read(...stored);
    expect(committed).toEqual([]);
    expect(dropped['never listed']).toBe(51);
    expect(follower.takeReread()).toBe(true);
    seek(follower.tip.position);
    read(...stored);
    expect(committed).toEqual([[1, 3]]);
  });

  it('starts again where an interleaved publisher’s events stand, not behind them', () => {
    const [first, second] = heightsOf(1, 1);
    const early = eventsOf(second);
    const stored = [...early, ...recordsOf(first as ChainedHeight), markOf(second)];
    const before = follow();
    before.read(...stored.slice(0, 3));
    expect(before.follower.tip).toMatchObject({ height: 1, position: 0n });
    const after = follow({ tip: before.follower.tip });
    after.read(...stored);
    expect(after.committed).toEqual([[2, 1]]);
  });

  it('halts when a quorum certified two results of one height', () => {
    const [first] = heightsOf(1);
    const other = nextHeight({
      tip: chainStart,
      lastHeights: [],
      eventCounts: [1, 1, 0, 0],
      twist: 'another history',
    });
    const { committed, read, follower } = follow();
    read(...recordsOf(first as ChainedHeight), markOf(other));
    expect(follower.conflict).toMatch(/partition 1.*two certified results at height 1/);
    const next = nextHeight({ tip: other.tip, lastHeights: [1, 1], eventCounts: [0, 1, 0, 0] });
    read(...recordsOf(next));
    expect(committed).toEqual([[1, 1]]);
  });

  it('takes certificates of other signers for the same result as repeats', () => {
    const [first] = heightsOf(1);
    const [again] = buildChain([[1, 1, 0, 0]], [1, 2, 3]);
    const { read, follower, dropped } = follow();
    read(...recordsOf(first as ChainedHeight), markOf(again));
    expect(follower.conflict).toBeNull();
    expect(dropped).toEqual({ repeat: 1 });
  });
});

describe('any interleaving', () => {
  const junkOf = (seed: number): Uint8Array => chainEvent((seed % 9) + 1, PARTITION, 100 + seed);

  it('of valid records, their repeats and junk gives the same commits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }),
        fc.array(fc.tuple(fc.nat(1_000), fc.nat(60)), { maxLength: 40 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        (counts, extras, order) => {
          const heights = heightsOf(...counts);
          const plain = follow();
          const records = heights.flatMap(recordsOf);
          plain.read(...records);

          const mixed: Uint8Array[] = [...records];
          for (const [pick, junk] of extras) {
            mixed.push(
              pick % 2 === 0 ? junkOf(junk) : (records[pick % records.length] as Uint8Array),
            );
          }
          // A shuffle that the order stream decides, every record still being there at least once.
          for (let i = mixed.length - 1; i > 0; i--) {
            const j = (order.next().value as number) % (i + 1);
            [mixed[i], mixed[j]] = [mixed[j] as Uint8Array, mixed[i] as Uint8Array];
          }
          const shuffled = follow();
          shuffled.read(...mixed);
          if (shuffled.follower.takeReread()) {
            shuffled.seek(shuffled.follower.tip.position);
            shuffled.read(...mixed.slice(Number(shuffled.follower.tip.position)));
          }
          const withEvents = ([, events]: [number, number]): boolean => events > 0;
          expect(shuffled.committed.filter(withEvents)).toEqual(plain.committed.filter(withEvents));
          expect(shuffled.follower.tip.height).toBe(plain.follower.tip.height);
          expect(shuffled.follower.conflict).toBeNull();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cut by restarts at any place loses and doubles nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(40), { maxLength: 6 }),
        (counts, cuts) => {
          const records = heightsOf(...counts).flatMap(recordsOf);
          const heights: number[] = [];
          let tip = start;
          for (const cut of [...cuts, records.length]) {
            const part = follow({ tip });
            part.seek(tip.position);
            part.read(...records.slice(Number(tip.position), cut));
            tip = part.follower.tip;
            heights.push(...part.committed.map(([height]) => height));
          }
          expect(heights).toEqual(counts.map((_, index) => index + 1));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('an epoch that recovery keys have begun', () => {
  const heights = heightsOf(1, 2, 0);
  const [first, second, third] = heights as [ChainedHeight, ChainedHeight, ChainedHeight];
  const start = startEpoch(1, third.tip);
  const started = encode('EventsRecord', { body: { kind: 'EpochStart', ...start } });
  const keys = keysAfter(chainKeys, start, keyedVerifiers.signatures) as EpochKeys;
  const rest = { tip: third.tip, lastHeights: [3, 2, 0, 0], eventCounts: [1, 1, 0, 0] };
  const old = nextHeight({ ...rest, twist: 'certified, and lost' });
  const next = nextHeight({ ...rest, keys });
  const before = [...recordsOf(first), ...recordsOf(second), markOf(third)];

  it('has its own validators prove what follows, and nobody else', () => {
    const { committed, dropped, read, follower } = follow();
    read(...before, started, ...recordsOf(old), ...recordsOf(next), started);
    expect(committed.at(-1)).toEqual([4, 1]);
    expect(follower.tip.resultDigest).toEqual(next.tip.resultDigest);
    expect(follower.conflict).toBeNull();
    expect(follower.keys.epoch).toBe(1);
    expect(dropped).toMatchObject({ 'forged mark': 1, repeat: 2 });
  });

  it('waits for what comes before it, and then reads again what it could not prove', () => {
    const { committed, read, follower, seek } = follow();
    const late = [started, ...recordsOf(next), ...recordsOf(second), markOf(third)];
    read(...recordsOf(first), ...late);
    expect(committed.at(-1)).toEqual([3, 0]);
    expect(follower.takeReread()).toBe(true);
    const { position } = follower.tip;
    expect(position).toBeLessThanOrEqual(2n);
    seek(position);
    read(...[...recordsOf(first), ...late].slice(Number(position)));
    expect(committed.at(-1)).toEqual([4, 1]);
  });

  it('is no epoch where it continues something else, or recovery keys did not sign it', () => {
    const twisted = nextHeight({
      tip: second.tip,
      lastHeights: [2, 2, 0, 0],
      eventCounts: [1, 0, 0, 0],
      twist: 'another history',
    });
    for (const wrong of [
      startEpoch(1, twisted.tip),
      startEpoch(1, third.tip, [1]),
      startEpoch(1, second.tip),
      startEpoch(3, third.tip),
    ]) {
      const { committed, dropped, read, follower } = follow();
      const record = encode('EventsRecord', { body: { kind: 'EpochStart', ...wrong } });
      read(...before, record, ...recordsOf(old), ...recordsOf(next));
      expect(committed.at(-1)).toEqual([4, 1]);
      expect(follower.tip.resultDigest).toEqual(old.tip.resultDigest);
      expect(dropped['epoch start']).toBe(1);
    }
  });

  it('gives up a start that turns out to continue something else', () => {
    const twisted = nextHeight({
      tip: second.tip,
      lastHeights: [2, 2, 0, 0],
      eventCounts: [1, 0, 0, 0],
      twist: 'another history',
    });
    const wrong = startEpoch(1, twisted.tip);
    const { committed, dropped, read } = follow();
    const record = encode('EventsRecord', { body: { kind: 'EpochStart', ...wrong } });
    read(record, ...before, ...recordsOf(old));
    expect(committed.at(-1)).toEqual([4, 1]);
    expect(dropped['epoch start']).toBe(1);
  });
});
