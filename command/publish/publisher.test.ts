import { describe, expect, it } from 'vitest';
import { PUBLISH_TAIL_BLOCKS, PUBLISH_TAIL_EVENTS } from '../../schemas/limits.js';
import { buildChain, type ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import { createPrng } from '../../test/simulation/prng.js';
import { startHostilePublisher } from '../../test/simulation/publish/hostilePublisher.js';
import {
  CALM,
  createPublisherWorld,
  growChain,
  type PublisherWorld,
  worldManifest,
  worldTopics,
  worldWriterId,
} from '../../test/simulation/publish/publisherWorld.js';

const chain = buildChain(
  Array.from({ length: 30 }, (_, at) => (at % 3 === 2 ? [0, 0, 0, 0] : [1, 2, 0, at % 2])),
);

const longChain = buildChain(
  Array.from({ length: 240 }, (_, at) => (at % 3 === 2 ? [0, 0, 0, 0] : [1, 2, 0, at % 2])),
);

function newWorld(own: readonly ChainedHeight[] = chain, backlogHeightsMax = 20): PublisherWorld {
  const chains = [own, own, own, own];
  return createPublisherWorld({ prng: createPrng(7), chains, backlogHeightsMax });
}

/** All validators run, and heights up to `upTo` are certified, one each 50 ms. */
function grow(world: PublisherWorld, upTo: number): void {
  growChain(world, createPrng(1), [50, 50], upTo);
}

function startAll(world: PublisherWorld): void {
  for (const { index } of world.validators) world.start(index);
}

const published = (world: PublisherWorld, index: number): number =>
  world.validators[index]?.publisher?.publishedHeight() ?? 0;
const activeOf = (world: PublisherWorld): number[] =>
  world.validators.filter(({ publisher }) => publisher?.isActive()).map(({ index }) => index);
const counted = (world: PublisherWorld, name: string): number =>
  world.validators.reduce((sum, { counters }) => sum + (counters.get(name) ?? 0), 0);
const upTo = (height: number): number[] => Array.from({ length: height }, (_, at) => at + 1);

async function append(world: PublisherWorld, records: Parameters<typeof write>[1]): Promise<void> {
  await world.log.ensureTopics(worldManifest);
  await write(await world.log.openWriter('by hand'), records);
}

async function write(
  writer: Awaited<ReturnType<PublisherWorld['log']['openWriter']>>,
  records: ReturnType<typeof heightRecords>,
): Promise<void> {
  await writer.append(records);
  await writer.close();
}

describe('publishers', () => {
  it('write each height once, one of them active, the others following', async () => {
    const world = newWorld();
    startAll(world);
    grow(world, 30);
    await world.run(3_000);
    expect(activeOf(world)).toEqual([0]);
    const read = await world.read();
    expect(read.heights).toEqual(upTo(30));
    expect(read.copiesMax).toBe(1);
    expect([0, 1, 2, 3].map((index) => published(world, index))).toEqual([30, 30, 30, 30]);
    expect(counted(world, 'publish_takeovers_total')).toBe(1);
  });

  it('tell partitions without events of new heights every few seconds', async () => {
    const quiet = buildChain(
      Array.from({ length: 30 }, (_, at) => (at === 0 ? [1, 0, 0, 0] : [0, 0, 0, 0])),
    );
    const world = newWorld(quiet);
    startAll(world);
    growChain(world, createPrng(1), [500, 500], 30);
    await world.run(15_000);
    const { marked } = await world.read();
    expect(Math.min(...marked)).toBeGreaterThanOrEqual(25);
  });

  it('go on soon when the active one dies, the next in line first, then another', async () => {
    const world = newWorld();
    startAll(world);
    grow(world, 30);
    await world.run(500);
    world.crash(0);
    const tookMs = await world.runUntil(() => activeOf(world).length > 0, 1_000);
    expect(activeOf(world)).toEqual([1]);
    expect(tookMs).toBeGreaterThanOrEqual(450);
    world.crash(1);
    await world.runUntil(() => activeOf(world).length > 0, 2_500);
    expect(activeOf(world)).toEqual([2]);
    await world.run(3_000);
    const read = await world.read();
    expect([read.heights, read.copiesMax]).toEqual([upTo(30), 1]);
  });

  it.each([1, 2, 3, 4])(
    'let the active one go on when the log answers nobody for seconds (seed %d)',
    async (seed) => {
      const own = [longChain, longChain, longChain, longChain];
      const world = createPublisherWorld({ prng: createPrng(seed), chains: own });
      // A take-over takes some time, as one of Kafka's does.
      world.weather = { ...CALM, delayMs: [20, 60], appendMs: [40, 120] };
      startAll(world);
      grow(world, longChain.length);
      await world.run(2_000);
      const before = counted(world, 'publish_takeovers_total');
      const [active] = activeOf(world);
      world.isStuck = () => true;
      await world.run(4_000);
      world.isStuck = () => false;
      const reached = published(world, 3) + 1;
      const tookMs = await world.runUntil(() => published(world, 3) > reached, 2_000);
      expect(tookMs).toBeLessThan(1_500);
      await world.run(2_000);
      expect(activeOf(world)).toEqual([active]);
      expect(counted(world, 'publish_takeovers_total') - before).toBe(0);
      expect(counted(world, 'publish_failures_total')).toBe(0);
    },
  );

  it('go on where the log ends when all of them were away', async () => {
    const world = newWorld();
    startAll(world);
    grow(world, 20);
    await world.run(3_000);
    for (const { index } of world.validators) await world.stop(index);
    startAll(world);
    grow(world, 30);
    await world.run(3_000);
    const read = await world.read();
    expect([read.heights, read.copiesMax]).toEqual([upTo(30), 1]);
  });

  it.each([1, 2, 3, 4])(
    'write nothing again that another one, with more heights, has just written (seed %d)',
    async (seed) => {
      const quiet = buildChain(
        Array.from({ length: 30 }, (_, at) => (at < 11 ? [1, 2, 0, 1] : [0, 0, 0, 0])),
      );
      const own = [quiet, quiet, quiet, quiet];
      const world = createPublisherWorld({ prng: createPrng(seed), chains: own });
      world.heightMs = [2, 6];
      const records = (from: number, to: number): ReturnType<typeof heightRecords> =>
        quiet.slice(from, to).flatMap((height) => {
          const all = heightRecords(height, worldTopics);
          // As a publisher does: no mark of a height at which nothing happened.
          return height.events.some(({ length }) => length > 0) ? all : all.slice(0, 1);
        });
      await append(world, records(0, 11));
      const late = world.validators[1]!;
      late.certifiedTip = 12;
      let isWritten = false;
      world.kills = (_, point) => {
        // One that nothing fences, since it writes under another id, as it is between take-overs.
        if (point === 'after open' && !isWritten) void append(world, records(11, 27));
        isWritten ||= point === 'after open';
        return false;
      };
      world.start(1);
      await world.runUntil(() => late.publisher!.isActive(), 5_000);
      growChain(world, createPrng(seed), [2, 8], 30);
      await world.runUntil(() => published(world, 1) === 30, 10_000);
      const read = await world.read();
      expect([read.heights, read.copiesMax]).toEqual([upTo(30), 1]);
    },
  );

  it('leave each other alone on a log that takes seconds for an append', async () => {
    const world = newWorld(chain, 1_000);
    world.weather = { ...CALM, appendMs: [3_000, 6_000] };
    startAll(world);
    grow(world, 30);
    await world.runUntil(() => published(world, 0) === 30, 60_000);
    const read = await world.read();
    expect([read.heights, read.copiesMax]).toEqual([upTo(30), 1]);
    expect(counted(world, 'publish_takeovers_total')).toBeLessThanOrEqual(6);
  });

  it.each([
    ['begin on a slow log with a backlog', 2, 0],
    ['begin on a slow log with a backlog', 5, 0],
    ['go on when a slow log was away', 2, 20_000],
    ['go on when a slow log was away', 7, 20_000],
  ])('write each height once when they %s (seed %d)', async (_, seed, awayMs) => {
    const prng = createPrng(seed);
    const chains = [longChain, longChain, longChain, longChain];
    const world = createPublisherWorld({ prng, chains, backlogHeightsMax: 1_000 });
    world.weather = { ...CALM, delayMs: [50, 200], appendMs: [200, 800] };
    for (const own of world.validators) own.certifiedTip = awayMs === 0 ? 100 : 0;
    startAll(world);
    growChain(world, createPrng(seed), [80, 160], longChain.length);
    if (awayMs > 0) {
      await world.run(3_000);
      world.isAway = () => true;
      await world.run(awayMs);
      world.isAway = () => false;
    }
    const areDone = (): boolean =>
      world.validators.every(({ index }) => published(world, index) === longChain.length);
    await world.runUntil(areDone, 60_000);
    const read = await world.read();
    expect([read.heights, read.copiesMax]).toEqual([upTo(longChain.length), 1]);
  });

  it('do not write side by side for long, each under an id of its own', async () => {
    const world = newWorld(longChain, 1_000);
    world.weather = { ...CALM, appendMs: [600, 1_200] };
    for (const own of world.validators) own.writerId = `publisher.${own.index}`;
    startAll(world);
    growChain(world, createPrng(1), [100, 200], longChain.length);
    let most = 0;
    const areDone = (): boolean => {
      most = Math.max(most, activeOf(world).length);
      return published(world, 0) === longChain.length;
    };
    await world.runUntil(areDone, 120_000);
    expect(most).toBeGreaterThan(1);
    expect((await world.read()).heights).toEqual(upTo(longChain.length));
    const records = longChain.reduce(
      (sum, each) => sum + heightRecords(each, worldTopics).length,
      0,
    );
    expect(counted(world, 'published_records_total')).toBeLessThan(1.8 * records);
  });

  it('write under an id of their own when they are fenced without end', async () => {
    const world = newWorld(longChain);
    startHostilePublisher(world, createPrng(3), 3, ['fences']);
    for (const index of [0, 1, 2]) world.start(index);
    grow(world, 120);
    await world.runUntil(() => published(world, 0) === 120, 20_000);
    expect((await world.read()).heights).toEqual(upTo(120));
    expect(counted(world, 'publish_failures_total fenced')).toBeGreaterThanOrEqual(3);
  });

  it.each([1, 2, 3])(
    'also when now and then something comes through between two fences (%i)',
    async (seed) => {
      const own = buildChain(Array.from({ length: 700 }, () => [1, 0, 0, 0]));
      const chains = [own, own, own, own];
      const options = { prng: createPrng(seed), chains, backlogHeightsMax: 1_000 };
      const world = createPublisherWorld(options);
      // As long as a take-over takes on a busy machine.
      world.weather = { ...CALM, delayMs: [20, 60], appendMs: [5, 150] };
      const prng = createPrng(seed + 10);
      const fence = (): void => {
        void world.log.openWriter(worldWriterId);
        world.scheduler.after(prng.between(50, 250), fence);
      };
      fence();
      for (const index of [0, 1, 2]) world.start(index);
      grow(world, 700);
      let tail = 0;
      let sinceMs = 0;
      while (world.scheduler.nowMs < 30_000) {
        await world.run(100);
        const now = Math.max(...[0, 1, 2].map((index) => published(world, index)));
        const { nowMs } = world.scheduler;
        expect(nowMs - sinceMs, `nothing since ${tail}`).toBeLessThan(8_000);
        if (now > tail) sinceMs = nowMs;
        tail = now;
      }
      const fences = counted(world, 'publish_failures_total fenced');
      expect(fences).toBeGreaterThanOrEqual(3);
      expect(fences).toBeLessThan(12);
    },
  );
});

describe('what stands in the log', () => {
  const holes: [
    string,
    (height: number) => (record: ReturnType<typeof heightRecords>[0]) => boolean,
  ][] = [
    [
      'blocks without events and marks',
      () =>
        ({ topic }) =>
          topic === worldTopics.blocks,
    ],
    [
      'a hole in blocks',
      (height) =>
        ({ topic }) =>
          topic !== worldTopics.blocks || height !== 4,
    ],
    [
      'a hole in a partition',
      (height) =>
        ({ topic, partition }) =>
          topic === worldTopics.blocks || height !== 4 || partition !== 1,
    ],
    [
      'a mark without its events',
      (height) =>
        ({ key, topic, partition }) =>
          topic === worldTopics.blocks || height !== 4 || partition !== 1 || key.length <= 4,
    ],
  ];
  for (const [name, keep] of holes) {
    it(`is completed: ${name}`, async () => {
      const world = newWorld();
      for (const height of chain.slice(0, 9)) {
        const records = heightRecords(height, worldTopics);
        const isEvent = (value: Uint8Array): boolean =>
          height.events.some((values) => values.includes(value));
        const keyed = records.map((record) =>
          isEvent(record.value) ? { ...record, key: new Uint8Array(32) } : record,
        );
        await append(world, keyed.filter(keep(height.tip.height)));
      }
      startAll(world);
      for (const own of world.validators) own.certifiedTip = 9;
      grow(world, 12);
      await world.run(6_000);
      const { heights, events } = await world.read();
      expect(heights).toEqual(upTo(12));
      const expected = chain
        .slice(0, 12)
        .flatMap((each) => each.events.filter(({ length }) => length > 0));
      expect(events.size).toBe(expected.length);
      expect(published(world, 2)).toBe(12);
    });
  }

  it('is not read from its beginning by a publisher that starts', async () => {
    const long = buildChain(Array.from({ length: 1_100 }, () => [0, 0, 1, 0]));
    const world = newWorld(long);
    await append(
      world,
      long.flatMap((height) => heightRecords(height, worldTopics)),
    );
    let readRecords = 0;
    for (const own of world.validators) own.certifiedTip = 1_100;
    world.onRead = (records) => {
      readRecords += records;
    };
    world.start(1);
    await world.runUntil(() => published(world, 1) === 1_100, 5_000);
    expect(readRecords).toBeLessThanOrEqual(PUBLISH_TAIL_BLOCKS + 4 * PUBLISH_TAIL_EVENTS);
  }, 120_000);
});

describe('while the log is away', () => {
  it('players are refused above a bound, and everything is published when it is back', async () => {
    const world = newWorld();
    startAll(world);
    grow(world, 5);
    await world.run(1_000);
    let isAway = true;
    world.isAway = () => isAway;
    grow(world, 30);
    await world.run(4_000);
    const isBackedUp = (): boolean[] =>
      world.validators.map(({ publisher }) => publisher!.isBackedUp());
    expect(isBackedUp()).toEqual([true, true, true, true]);
    isAway = false;
    await world.runUntil(() => !isBackedUp().includes(true), 10_000);
    await world.runUntil(() => published(world, 0) === 30, 10_000);
    const read = await world.read();
    expect([read.heights, read.copiesMax]).toEqual([upTo(30), 1]);
  });

  it('a publisher starts, and publishes once the log is there', async () => {
    const world = newWorld();
    let isAway = true;
    world.isAway = () => isAway;
    startAll(world);
    grow(world, 30);
    await world.run(4_000);
    isAway = false;
    await world.runUntil(() => published(world, 3) === 30, 10_000);
    expect((await world.read()).heights).toEqual(upTo(30));
  });
});

describe('a writer', () => {
  it('that loses an append is replaced by the next validator', async () => {
    const world = newWorld();
    world.loses = (count) => count === 3;
    startAll(world);
    grow(world, 30);
    await world.run(4_000);
    expect((await world.read()).heights).toEqual(upTo(30));
    expect(activeOf(world)).toEqual([1]);
  });

  it('is thrown away when what it appended cannot be read back', async () => {
    const world = newWorld();
    world.loses = (count) => count === 3;
    world.start(0);
    grow(world, 30);
    await world.run(12_000);
    expect((await world.read()).heights).toEqual(upTo(30));
    expect(counted(world, 'publish_failures_total failed')).toBeGreaterThanOrEqual(1);
  });

  it('of a validator that does not hold what is missing leaves the log to another', async () => {
    const world = newWorld();
    world.validators[0]!.heldFrom = 6;
    for (const own of world.validators) own.certifiedTip = 10;
    startAll(world);
    await world.runUntil(() => published(world, 2) === 10, 10_000);
    expect(world.validators[0]?.counters.get('publish_failures_total unheld')).toBeGreaterThan(0);
    expect((await world.read()).heights).toEqual(upTo(10));
  });
});
