import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../../schemas/log.js';
import type { TcpProxy } from '../../contracts/tcpProxy.js';
import { buildChain } from '../certifiedChain.js';
import { createPrng, type Prng } from '../prng.js';
import { CRASH_POINTS } from './faultyLog.js';
import {
  CALM,
  createPublisherWorld,
  growChain,
  type PublisherWorld,
  WORLD_VALIDATORS,
} from './publisherWorld.js';

export interface PublishingPlace {
  /** Another handle on the same log. */
  open(): Promise<Log>;
  stop(): Promise<void>;
}

const HEIGHTS_EACH = 12;
const ROUNDS = 2 * CRASH_POINTS.length;
const HEIGHTS = HEIGHTS_EACH * (ROUNDS + 1);
const TIMEOUT_MS = 240_000;

const activeOf = (world: PublisherWorld): number | undefined =>
  world.validators.find(({ publisher }) => publisher?.isActive())?.index;

/**
 * Registers that publishers on a real log go on when the active one dies at any point of its way,
 * and that every height stands there once. A dead process' connections stay open, as a zombie's do.
 */
export function describePublishing(name: string, place: () => Promise<PublishingPlace>): void {
  describe(`publishers on ${name}`, () => {
    let own: PublishingPlace;
    const logs: Log[] = [];
    beforeAll(async () => {
      own = await place();
      for (let index = 0; index < WORLD_VALIDATORS; index++) logs.push(await own.open());
    }, TIMEOUT_MS);
    afterAll(async () => {
      for (const log of logs) await log.close();
      await own.stop();
    }, TIMEOUT_MS);

    it(
      'write each height once, wherever the active one dies',
      async () => {
        const { chain, world } = worldOn(logs, HEIGHTS, createPrng(11));
        const prng = createPrng(5);
        for (const { index } of world.validators) world.start(index);
        growChain(world, prng, [5, 30], HEIGHTS_EACH);
        await world.runUntil(() => activeOf(world) !== undefined, 20_000);
        for (let round = 0; round < ROUNDS; round++) {
          const point = CRASH_POINTS[round % CRASH_POINTS.length];
          // The second time round connections break as well, with and without what they carried.
          world.weather = round < CRASH_POINTS.length ? CALM : { ...CALM, ambiguous: 0.2 };
          let died: number | null = null;
          world.kills = (index, at) => {
            const dies = died === null && at === point;
            if (dies) died = index;
            return dies;
          };
          growChain(world, prng, [5, 30], HEIGHTS_EACH * (round + 2));
          if (point === 'before open' || point === 'after open' || point === 'while reading') {
            const active = activeOf(world);
            if (active !== undefined) {
              world.crash(active);
              world.start(active);
            }
          }
          await world.runUntil(() => died !== null, 30_000);
          world.kills = () => false;
          world.start(died as unknown as number);
        }
        world.weather = CALM;
        await expectEachOnce(world, chain);
      },
      TIMEOUT_MS,
    );
  });
}

const BROKEN_HEIGHTS = 60;
const BREAKS = 12;

/** One thing that a bad network does, and when it is over. */
async function breakOnce(proxy: TcpProxy, prng: Prng): Promise<void> {
  const kind = prng.below(5);
  if (kind === 0) proxy.cut({ atChunk: 1 + prng.below(6), delivered: prng.chance(0.5) });
  else if (kind === 1) proxy.breakAll();
  else if (kind === 2) proxy.stall();
  else if (kind === 3) proxy.delay(prng.between(5, 40));
  else proxy.repeat(1 + prng.below(6));
  await sleep(prng.between(50, 500));
  proxy.cut(null);
  proxy.delay(0);
  proxy.release();
}

/**
 * Registers that publishers who reach a real log over a network that cuts, repeats, delays and
 * stalls lose nothing, and that every height stands there once.
 */
export function describeBrokenPublishing(
  name: string,
  place: () => { readonly proxy: TcpProxy; readonly open: () => Promise<Log> },
): void {
  it(
    `publishers on ${name} over a network that breaks write each height once`,
    async () => {
      const { proxy, open } = place();
      const logs = await Promise.all(Array.from({ length: WORLD_VALIDATORS }, open));
      const { chain, world } = worldOn(logs, BROKEN_HEIGHTS, createPrng(23));
      const prng = createPrng(29);
      for (const { index } of world.validators) world.start(index);
      growChain(world, prng, [50, 150], BROKEN_HEIGHTS);
      for (let at = 0; at < BREAKS; at++) {
        await breakOnce(proxy, prng);
        await sleep(prng.between(50, 300));
      }
      await expectEachOnce(world, chain);
      await Promise.all(logs.map((log) => log.close()));
    },
    TIMEOUT_MS,
  );
}

/** A log that can be told to take nothing for a while; it goes on answering readers. */
export interface RefusingPlace {
  open(): Promise<Log>;
  refuse(): Promise<void>;
  accept(): Promise<void>;
}

const REFUSED_HEIGHTS = 60;

/** Registers that publishers wait while a real log takes nothing, say so, and go on. */
export function describeRefusedPublishing(name: string, place: () => RefusingPlace): void {
  it(
    `publishers on ${name} wait while it takes nothing, say so and write each height once`,
    async () => {
      const { open, refuse, accept } = place();
      const logs = await Promise.all(Array.from({ length: WORLD_VALIDATORS }, open));
      const { chain, world } = worldOn(logs, REFUSED_HEIGHTS, createPrng(31));
      const prng = createPrng(37);
      const told = (message: string): number[] =>
        world.validators.map(({ counters }) => counters.get(message) ?? 0);
      for (const { index } of world.validators) world.start(index);
      growChain(world, prng, [5, 30], REFUSED_HEIGHTS / 3);
      await world.runUntil(() => activeOf(world) !== undefined, 20_000);
      await refuse();
      growChain(world, prng, [5, 30], REFUSED_HEIGHTS);
      const allSay = () => told('cannot publish unreachable').every((times) => times > 0);
      await world.runUntil(allSay, 30_000);
      await world.runUntil(() => activeOf(world) === undefined, 20_000);
      await accept();
      await expectEachOnce(world, chain);
      expect(told('publish_failures_total failed')).toEqual([0, 0, 0, 0]);
      await Promise.all(logs.map((log) => log.close()));
    },
    TIMEOUT_MS,
  );
}

type Chain = ReturnType<typeof buildChain>;

/** Validators that all hold one chain of so many heights, none of it grown yet. */
function worldOn(
  logs: readonly Log[],
  heights: number,
  prng: Prng,
): { readonly chain: Chain; readonly world: PublisherWorld } {
  const counts = Array.from({ length: heights }, (_, at) => [at % 3, 1, 0, at % 2]);
  const chain = buildChain(withIdleHeights(counts));
  const chains = Array.from({ length: WORLD_VALIDATORS }, () => chain);
  return { chain, world: createPublisherWorld({ prng, chains, logs }) };
}

/** Runs until the whole chain is published, stops everybody and reads the log. */
async function expectEachOnce(world: PublisherWorld, chain: Chain): Promise<void> {
  const isDone = (): boolean =>
    world.validators.some(({ publisher }) => publisher?.publishedHeight() === chain.length);
  await world.runUntil(isDone, 60_000);
  for (const { index } of world.validators) await world.stop(index);
  const read = await world.read();
  expect(read.heights).toEqual(chain.map(({ tip }) => tip.height));
  const partitions = chain.flatMap(({ events }) => events.filter(({ length }) => length > 0));
  expect(read.events.size).toBe(partitions.length);
  expect(read.copiesMax).toBe(1);
}

/** Every fourth height is idle. */
function withIdleHeights(counts: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return counts.map((own, at) => (at % 4 === 3 ? [0, 0, 0, 0] : own));
}
