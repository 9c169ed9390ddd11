import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedTopic } from '../../schemas/feedTopic.js';
import { FEED_HEARTBEAT_MS } from '../../schemas/limits.js';
import { type FeedWorld, simulatedFeeds } from '../../test/simulation/simulatedFeeds.js';
import type { FeedMessage } from './feedMessage.js';
import {
  FEED_BUFFER_CHARACTERS_MAX,
  FEED_BUFFER_MESSAGES_MAX,
  feedMessages,
} from './feedMessages.js';
import { type FeedOptions, type FeedRefusedError, followFeed } from './followFeed.js';

const URLS = ['http://a', 'http://b', 'http://c'];

const nameOf = (message: FeedMessage): string =>
  message.type === 'block'
    ? `${message.block.height}`
    : message.type === 'command'
      ? `${message.command.height}/${message.command.executionIndex}`
      : 'stats';

function follow(world: FeedWorld, more: Partial<FeedOptions> = {}) {
  const heard: string[] = [];
  const left: string[] = [];
  const statuses: string[] = [];
  const refusals: FeedRefusedError[] = [];
  const feed = followFeed({
    ...{ urls: URLS, world: world.clientWorld, topics: ['blocks', 'commands'] },
    onMessage: (message) => heard.push(nameOf(message)),
    onLeft: (_url, reason) => left.push(reason),
    onStatus: (status) => statuses.push(status),
    onRefused: (error) => refusals.push(error),
    ...more,
  });
  return { feed, heard, left, statuses, refusals };
}

describe('a feed', () => {
  it('brings everything from a height on, and what comes', () => {
    const world = simulatedFeeds({ seed: 1, heights: 30 });
    const { heard, statuses } = follow(world, { from: 5 });
    world.run(500);
    expect(heard).toEqual(world.expected(5, 30));
    world.grow(10);
    world.run(500);
    expect(heard).toEqual(world.expected(5, 40));
    expect(statuses).toEqual(['live']);
  });

  it('brings everything from height 0 on, which is before the first', () => {
    const world = simulatedFeeds({ seed: 10, heights: 9 });
    const { heard, left } = follow(world, { from: 0 });
    world.run(500);
    expect(heard).toEqual(world.expected(1, 9));
    expect(world.asked).toEqual([1]);
    expect(left).toEqual([]);
  });

  it('begins with the next height when none is named, and goes on from there', () => {
    const world = simulatedFeeds({ seed: 2, heights: 30 });
    const { heard } = follow(world);
    world.run(500);
    world.grow(1);
    world.run(500);
    world.breakAll();
    world.grow(5);
    world.run(5_000);
    expect(heard).toEqual(world.expected(31, 36));
  });

  it('resumes where a reader said that all was sent, though nothing came', () => {
    const world = simulatedFeeds({ seed: 3, heights: 500 });
    const topics: FeedTopic[] = [`account:${'00'.repeat(32)}`];
    const { heard } = follow(world, { from: 1, topics });
    world.run(2 * FEED_HEARTBEAT_MS);
    expect(world.asked).toEqual([1]);
    world.breakAll();
    world.run(5_000);
    expect(world.asked).toEqual([1, 501]);
    expect(heard).toEqual([]);
  });

  it('waits while it is paused, and misses nothing', () => {
    const world = simulatedFeeds({ seed: 4, heights: 20 });
    const { feed, heard } = follow(world, { from: 1 });
    world.run(60);
    feed.pause();
    const before = heard.length;
    expect(before).toBeGreaterThan(0);
    world.grow(20);
    world.run(60_000);
    expect(heard).toHaveLength(before);
    feed.resume();
    world.run(2_000);
    expect(heard).toEqual(world.expected(1, 40));
    feed.close();
    world.grow(1);
    world.run(60_000);
    expect(heard).toEqual(world.expected(1, 40));
    expect(world.connections()).toBe(0);
  });

  it('leaves a reader that is silent, leaves out, turns round or talks nonsense', () => {
    const faults = [
      ...(['silent', 'gap', 'order', 'nonsense', 'shape', 'elsewhere', 'mute'] as const),
      'long' as const,
    ];
    for (const fault of faults) {
      const world = simulatedFeeds({ seed: 5, heights: 20, faults: { 'http://a': fault } });
      const { heard, left } = follow(world, { from: 1 });
      world.run(120_000);
      expect(left.length, fault).toBeGreaterThan(0);
      expect(heard, fault).toEqual(world.expected(1, 20));
    }
  });

  it('leaves a reader of another chain behind a fail-over, and goes on at one of its own', () => {
    const world = simulatedFeeds({ seed: 12, heights: 20, faults: { 'http://b': 'fork' } });
    const urls = ['http://a', 'http://b'];
    const { heard, left } = follow(world, { urls, from: 1 });
    world.run(1_000);
    world.breakAll();
    world.grow(10);
    world.run(10_000);
    expect(left).toEqual(['a block of another chain']);
    expect(heard).toEqual(world.expected(1, 30));
  });

  it('tells of each reader that it cannot connect to', () => {
    const world = simulatedFeeds({ seed: 13, heights: 9, breakChance: 1 });
    const { left } = follow(world, { from: 1 });
    world.run(3_000);
    expect(left.length).toBeGreaterThan(2);
    expect(new Set(left)).toEqual(new Set(['no connection: closed with 1006']));
  });

  it('ends when every reader refuses, and not before', () => {
    const one = simulatedFeeds({ seed: 6, heights: 9, faults: { 'http://a': 'refuses' } });
    const first = follow(one, { from: 1 });
    one.run(20_000);
    expect(first.heard).toEqual(one.expected(1, 9));
    const faults = Object.fromEntries(URLS.map((url) => [url, 'refuses' as const]));
    const all = simulatedFeeds({ seed: 6, heights: 9, faults });
    const second = follow(all, { from: 1 });
    all.run(60_000);
    expect(second.feed.status).toBe('closed');
    expect(second.refusals.map(({ message }) => message)).toEqual(['1006: topics']);
  });

  it.each([Number.NaN, 1.5, 2 ** 60, -1, Number.POSITIVE_INFINITY, '5', null])(
    'does not begin at %s',
    (given) => {
      const world = simulatedFeeds({ seed: 9, heights: 9 });
      const from = given as number;
      expect(() => follow(world, { from })).toThrow('begins at a height');
      const { clientWorld } = world;
      const options = { urls: URLS, world: clientWorld, topics: ['blocks' as const], from };
      expect(() => feedMessages(options)).toThrow(`not at ${given}`);
      world.run(10_000);
      expect(world.connections()).toBe(0);
    },
  );

  it('leaves nothing out and brings nothing twice, whatever breaks', () => {
    const topicSets: FeedTopic[][] = [['blocks', 'commands'], ['commands'], ['blocks'], ['stats']];
    const bad = { breakChance: 0.02, lagMost: 9 };
    const property = fc.property(
      fc.integer({ min: 0, max: 0x7fff_ffff }),
      fc.constantFrom(...topicSets),
      (seed, topics) => {
        const world = simulatedFeeds({ seed, heights: 1 + (seed % 50), ...bad });
        const from = 1 + (seed % 7);
        const { feed, heard, left } = follow(world, { from, topics });
        for (let step = 0; step < 40; step++) {
          world.grow(world.prng.below(6));
          if (world.prng.chance(0.2)) world.breakAll();
          if (world.prng.chance(0.1)) feed.pause();
          world.run(world.prng.below(1_500));
          if (world.prng.chance(0.7)) feed.resume();
          // What was brought is the beginning of all there is, at any time.
          expect(heard).toEqual(
            world.expected(from, world.heights(), topics).slice(0, heard.length),
          );
        }
        feed.resume();
        world.heal();
        world.run(120_000);
        expect(heard).toEqual(world.expected(from, world.heights(), topics));
        expect(left.filter((reason) => !reason.startsWith('no connection'))).toEqual([]);
        feed.close();
      },
    );
    fc.assert(property, { numRuns: 50 });
  });
});

describe('the messages of a feed', () => {
  it('wait for who takes them, a bounded number of them', async () => {
    const world = simulatedFeeds({ seed: 7, heights: 2_000 });
    const { clientWorld } = world;
    const feed = feedMessages({ urls: URLS, world: clientWorld, topics: ['blocks'], from: 1 });
    const messages = feed[Symbol.asyncIterator]();
    const taken: number[] = [];
    let waitedMs = 0;
    const take = async (): Promise<void> => {
      const next = messages.next();
      for (let done = false; !done; ) {
        await Promise.race([next.then(() => (done = true)), Promise.resolve()]);
        if (!done) world.run((waitedMs += 1) && 20);
      }
      const { value } = await next;
      if (value?.type === 'block') taken.push(value.block.height);
    };
    await take();
    world.run(60_000);
    // All that a reader could send in a minute: the feed has let it go.
    expect(world.connections()).toBe(0);
    expect(world.sentMost()).toBeLessThan(FEED_BUFFER_MESSAGES_MAX + 10);
    while (taken.length < 2_000) await take();
    expect(taken).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
    expect(world.asked.length).toBeLessThan(10);
    world.grow(1);
    await take();
    const last = messages.next();
    feed.close();
    expect(await last).toEqual({ done: true, value: undefined });
    world.run(1_000);
    expect(world.connections()).toBe(0);
  });

  it('hold what is known of them, and wait within a bound of their lengths too', async () => {
    const world = simulatedFeeds({ seed: 7, heights: 500, faults: { 'http://a': 'fat' } });
    const { clientWorld } = world;
    const topics: FeedTopic[] = ['blocks'];
    const feed = feedMessages({ urls: 'http://a', world: clientWorld, topics, from: 1 });
    const messages = feed[Symbol.asyncIterator]();
    const first = messages.next();
    world.run(60_000);
    expect(world.connections()).toBe(0);
    expect(world.sentMost()).toBeLessThan(FEED_BUFFER_CHARACTERS_MAX / 100_000 + 10);
    const { value } = await first;
    expect(JSON.stringify(value)).not.toContain('padding');
    for (let taken = 0; taken < 25; taken++) await messages.next();
    world.run(60_000);
    expect(world.asked.length).toBe(2);
    feed.close();
  });

  it('end with the reason of a signal, waited for or not yet asked for', async () => {
    const world = simulatedFeeds({ seed: 8, heights: 1 });
    const { clientWorld } = world;
    const topics: FeedTopic[] = ['blocks'];
    const controller = new AbortController();
    const { signal } = controller;
    const open = () => feedMessages({ urls: 'http://a', world: clientWorld, topics, signal });
    const first = open()[Symbol.asyncIterator]().next();
    world.run(500);
    expect(world.connections()).toBe(1);
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const second = open()[Symbol.asyncIterator]().next();
    await expect(second).rejects.toThrow('enough');
    world.run(500);
    expect(world.connections()).toBe(0);
  });

  it('end with the refusal of all readers', async () => {
    const world = simulatedFeeds({ seed: 8, heights: 1, faults: { 'http://a': 'refuses' } });
    const { clientWorld } = world;
    const topics: FeedTopic[] = ['blocks'];
    const feed = feedMessages({ urls: 'http://a', world: clientWorld, topics });
    const next = feed[Symbol.asyncIterator]().next();
    world.run(5_000);
    await expect(next).rejects.toMatchObject({ name: 'FeedRefusedError', retriable: false });
  });
});
