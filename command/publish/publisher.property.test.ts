import { expect, test } from 'vitest';
import { buildChain, type ChainedHeight } from '../../test/simulation/certifiedChain.js';
import { createPrng, type Prng } from '../../test/simulation/prng.js';
import { CRASH_POINTS } from '../../test/simulation/publish/faultyLog.js';
import {
  PUBLISHING_CRIMES,
  startHostilePublisher,
} from '../../test/simulation/publish/hostilePublisher.js';
import {
  CALM,
  createPublisherWorld,
  growChain,
  growOwn,
  type PublisherWorld,
  WORLD_PARTITIONS,
  WORLD_VALIDATORS,
} from '../../test/simulation/publish/publisherWorld.js';
import type { ReadBack } from '../../test/simulation/publish/readLog.js';

/** PUBLISH_SEED repeats one seed; PUBLISH_SEEDS runs so many of each case. */
const one = process.env.PUBLISH_SEED === undefined ? null : Number(process.env.PUBLISH_SEED);
const many = process.env.PUBLISH_SEEDS === undefined ? null : Number(process.env.PUBLISH_SEEDS);
const HEIGHTS = 40;
/** Once trouble ends, or in spite of it, everything stands in the log within this. */
const LIMIT_MS = 60_000;

const chainsOf = new Map<number, readonly (readonly ChainedHeight[])[]>();

/** The same heights for all validators, each with certificates of its own signers. */
function chains(seed: number): readonly (readonly ChainedHeight[])[] {
  const known = chainsOf.get(seed);
  if (known !== undefined) return known;
  const prng = createPrng(seed);
  const counts = Array.from({ length: HEIGHTS }, () =>
    prng.chance(0.3)
      ? [0, 0, 0, 0]
      : Array.from({ length: WORLD_PARTITIONS }, () => (prng.chance(0.5) ? prng.below(4) : 0)),
  );
  const made = Array.from({ length: WORLD_VALIDATORS }, (_, index) =>
    buildChain(
      counts,
      [0, 1, 2, 3].filter((signer) => signer !== index),
    ),
  );
  chainsOf.set(seed, made);
  return made;
}

function expectWhole(read: ReadBack, chain: readonly ChainedHeight[], hint: string): void {
  expect(read.heights, hint).toEqual(chain.map(({ tip }) => tip.height));
  const expected = new Map<string, number>();
  for (const { events, tip } of chain) {
    for (const [partition, values] of events.entries()) {
      if (values.length > 0) expected.set(`${partition}/${tip.height}`, values.length);
    }
  }
  expect(read.events, hint).toEqual(expected);
}

function isWhole({ heights, events }: ReadBack, chain: readonly ChainedHeight[]): boolean {
  const partitions = chain.flatMap((height) => height.events.filter(({ length }) => length > 0));
  return heights.length === chain.length && events.size === partitions.length;
}

interface Case {
  readonly name: string;
  readonly seeds: number;
  /** Honest publishers alone, all by one writer's id: nothing stands in the log twice. */
  readonly once: boolean;
  prepare(world: PublisherWorld, prng: Prng): void;
}

/** Kills validators at any point with this chance, and starts them again a little later. */
function crashing(world: PublisherWorld, prng: Prng, chance: number, untilMs: number): void {
  world.kills = (index) => {
    const dies = world.scheduler.nowMs < untilMs && prng.chance(chance);
    if (dies) world.scheduler.after(prng.between(1, 2_000), () => world.start(index));
    return dies;
  };
}

/** Everybody dies at once, and comes back with fewer heights than it had, one it catches up with. */
function dieTogether(world: PublisherWorld, prng: Prng, atMs: number): void {
  world.scheduler.after(atMs, () => {
    for (const own of world.validators) {
      world.crash(own.index);
      const reached = own.certifiedTip;
      own.certifiedTip = Math.max(0, reached - prng.below(16));
      const startMs = prng.between(0, 2_000);
      world.scheduler.after(startMs, () => world.start(own.index));
      const fromMs = startMs + prng.between(200, 4_000);
      growOwn(world, own, prng, { fromMs, paceMs: [1, 12], upTo: reached });
    }
  });
}

const CASES: readonly Case[] = [
  { name: 'calm', seeds: 2, once: true, prepare: () => {} },
  {
    name: 'crashes and broken connections',
    seeds: 10,
    once: true,
    prepare(world, prng) {
      crashing(world, prng, 0.05, 8_000);
      world.weather = { ...CALM, ambiguous: 0.1, readFaults: 0.05 };
    },
  },
  {
    name: 'the log is slow, and away at times',
    seeds: 6,
    once: true,
    prepare(world, prng) {
      world.weather = { ...CALM, delayMs: [1, 30], appendMs: [100, 1_500], readFaults: 0.02 };
      const outages = Array.from({ length: 3 }, () => prng.between(0, 8_000));
      const lengths = outages.map(() => prng.between(100, 4_000));
      const victims = outages.map(() => prng.below(WORLD_VALIDATORS + 1));
      world.isAway = (index) =>
        outages.some((fromMs, at) => {
          const sinceMs = world.scheduler.nowMs - fromMs;
          const isVictim = victims[at] === index || victims[at] === WORLD_VALIDATORS;
          return isVictim && sinceMs >= 0 && sinceMs < lengths[at]!;
        });
    },
  },
  {
    name: 'all die, and come back with less than the log holds',
    seeds: 5,
    once: true,
    prepare(world, prng) {
      world.heightMs = [1, 10];
      for (let at = 0; at < 3; at++) dieTogether(world, prng, prng.between(1_000, 8_000));
    },
  },
  {
    name: 'fenced without end',
    seeds: 4,
    once: false,
    prepare: (world, prng) => void startHostilePublisher(world, prng, 3, ['fences']),
  },
  {
    name: 'one hostile publisher',
    seeds: 12,
    once: false,
    prepare(world, prng) {
      const crimes = PUBLISHING_CRIMES.filter(() => prng.chance(0.4));
      const chosen = crimes.length > 0 ? crimes : [...PUBLISHING_CRIMES];
      startHostilePublisher(world, prng.fork(), 3, chosen);
      crashing(world, prng, 0.02, 8_000);
      world.weather = { ...CALM, ambiguous: 0.05, readFaults: 0.02 };
    },
  },
];

async function runSeed(
  kind: Case,
  seed: number,
): Promise<{ tookMs: number; world: PublisherWorld }> {
  const prng = createPrng(seed);
  const own = chains(seed % 8);
  const world = createPublisherWorld({ prng: prng.fork(), chains: own });
  const hint = `repeat with: PUBLISH_SEED=${seed} npx vitest run --config test/vitest.config.ts command/publish/publisher.property -t '${kind.name}'`;
  const growth = prng.fork();
  kind.prepare(world, prng);
  for (const { index } of world.validators) world.start(index);
  growChain(world, growth, seed % 2 === 0 ? [5, 60] : [50, 250], HEIGHTS);
  await world.run(10_000);
  const chain = own[0]!;
  const tookMs = await world
    .runUntil(async () => isWhole(await world.read(), chain), LIMIT_MS)
    .catch((error: Error) => {
      throw new Error(`${error.message}; ${hint}`);
    });
  const read = await world.read();
  expectWhole(read, chain, hint);
  if (kind.once) expect(read.copiesMax, hint).toBe(1);
  return { tookMs, world };
}

for (const kind of CASES) {
  test(`every height once, and soon: ${kind.name}`, {
    timeout: 120_000 + 5_000 * (many ?? 0),
  }, async () => {
    const count = many ?? kind.seeds;
    const seeds = one === null ? Array.from({ length: count }, (_, i) => i + 1) : [one];
    for (const seed of seeds) await runSeed(kind, seed);
  });
}

/** While heights are missing from the log, one gets in within this, whatever one validator does. */
const STALL_MS_MAX = 10_000;

test.each(PUBLISHING_CRIMES)('the log goes on within ten seconds: %s', async (crime) => {
  for (const seed of [1, 2]) {
    const own = chains(seed);
    const world = createPublisherWorld({ prng: createPrng(seed), chains: own });
    startHostilePublisher(world, createPrng(seed), seed % WORLD_VALIDATORS, [crime]);
    const honest = world.validators.filter(({ index }) => index !== seed % WORLD_VALIDATORS);
    for (const { index } of honest) world.start(index);
    growChain(world, createPrng(seed), [50, 250], HEIGHTS);
    const published = (): number =>
      Math.max(...honest.map(({ publisher }) => publisher?.publishedHeight() ?? 0));
    let known = 0;
    for (let stalledMs = 0; known < HEIGHTS; stalledMs += 50) {
      await world.run(50);
      const isWhole = known === Math.max(...honest.map(({ certifiedTip }) => certifiedTip));
      if (published() > known || isWhole) stalledMs = 0;
      known = Math.max(known, published());
      expect(stalledMs, `seed ${seed}, at height ${known}`).toBeLessThanOrEqual(STALL_MS_MAX);
    }
    expectWhole(await world.read(), own[0]!, `seed ${seed}`);
  }
});

test('a process can die at every point', async () => {
  const points = new Set<string>();
  for (let seed = 1; seed <= 4; seed++) {
    const prng = createPrng(seed);
    const world = createPublisherWorld({ prng, chains: chains(0) });
    crashing(world, prng, 0.2, 8_000);
    const { kills } = world;
    world.kills = (index, point) => {
      const dies = kills(index, point);
      if (dies) points.add(point);
      return dies;
    };
    for (const { index } of world.validators) world.start(index);
    growChain(world, prng, [50, 250], HEIGHTS);
    await world.run(8_000);
  }
  expect([...points].sort()).toEqual([...CRASH_POINTS].sort());
});
