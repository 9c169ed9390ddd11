import type { FeedOptions } from '../../command/client/followFeed.js';
import type { ClientConnection, ConnectionEvents } from '../../command/client/ports.js';
import { FEED_HEARTBEAT_MS } from '../../schemas/limits.js';
import { createPrng, type Prng } from './prng.js';
import { createScheduler, type Scheduler } from './scheduler.js';

/** What a reader does wrong. */
export type FeedFault =
  | 'silent'
  | 'gap'
  | 'order'
  | 'nonsense'
  | 'shape'
  | 'elsewhere'
  | 'mute'
  | 'fat'
  | 'long'
  | 'fork'
  | 'refuses';

/** Readers of one made-up chain behind sockets that break. */
export interface FeedWorld {
  readonly prng: Prng;
  readonly clientWorld: FeedOptions['world'];
  /** Heights that subscriptions named. */
  readonly asked: readonly number[];
  heights(): number;
  connections(): number;
  /** The most that one connection was handed. */
  sentMost(): number;
  /** Nothing breaks by itself any more. */
  heal(): void;
  grow(heights: number): void;
  run(ms: number): void;
  breakAll(): void;
  /** Names of what these topics bring. */
  expected(from: number, to: number, topics?: readonly string[]): string[];
}

interface Link {
  readonly url: string;
  readonly events: ConnectionEvents;
  /** How far its reader is behind; it catches up. */
  lag: number;
  topics: readonly string[];
  next: number | null;
  sent: number;
}

const HASH = 'ab'.repeat(32);

function blockJson(height: number): object {
  return {
    ...{ height, digest: HASH, parent: HASH, epoch: 0, view: 1, timestampMs: height, proposer: 0 },
    ...{ itemCount: 0, envelopeCount: 0, commandCount: commandsOf(height), sizeBytes: 1 },
    ...{ stateRoot: HASH, eventsRoot: HASH, seed: HASH, resultDigest: HASH, engineVersion: 1 },
  };
}

function commandJson(height: number, executionIndex: number): object {
  return {
    ...{ id: HASH, height, executionIndex, timestampMs: height, account: HASH, signer: HASH },
    ...{ authorization: 0, nonce: 0, request: null, kind: 'ClaimFaucet', status: 'executed' },
    ...{ code: null, codeName: null, first: null, instruction: { kind: 'ClaimFaucet' } },
  };
}

const commandsOf = (height: number): number => (height * 7) % 4;

interface Framed {
  readonly name: string;
  readonly json: object;
}

/** What a reader sends of a height. */
function messagesOf(height: number, topics: readonly string[]): Framed[] {
  const block = { name: `${height}`, json: { type: 'block', block: blockJson(height) } };
  const commands = Array.from({ length: commandsOf(height) }, (_, index) => ({
    name: `${height}/${index + 1}`,
    json: { type: 'command', command: commandJson(height, index + 1) },
  }));
  return [
    ...(topics.includes('blocks') ? [block] : []),
    ...(topics.includes('commands') ? commands : []),
  ];
}

interface FeedOptionsOfWorld {
  readonly seed: number;
  readonly heights: number;
  /** For each message, that it breaks the connection instead. */
  readonly breakChance?: number;
  readonly lagMost?: number;
  readonly faults?: Readonly<Record<string, FeedFault>>;
}

interface State {
  readonly options: FeedOptionsOfWorld;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly links: Set<Link>;
  readonly asked: number[];
  heights: number;
  breakChance: number;
  sentMost: number;
}

function cut({ links, scheduler, prng }: State, link: Link, code: number): void {
  if (!links.delete(link)) return;
  scheduler.after(prng.below(20), () => link.events.onClose(code, ''));
}

function deliver(state: State, link: Link, json: object | string): void {
  if (!state.links.has(link)) return;
  state.sentMost = Math.max(state.sentMost, ++link.sent);
  link.events.onText(typeof json === 'string' ? json : JSON.stringify(json));
}

/** Bytes of a field that nobody knows: within the length of a frame, and above it. */
const PADDING: Readonly<Record<string, number>> = { fat: 50_000, long: 4_000_000 };

function padded(json: object, characters: number): object {
  const padding = 'x'.repeat(characters);
  const parts = Object.entries(json).map(([name, part]) => [
    name,
    typeof part === 'object' ? { ...part, padding } : part,
  ]);
  return { ...Object.fromEntries(parts), padding };
}

/** What is due now, some heights at a time. */
function tick(state: State, link: Link): void {
  const { options, prng, links, scheduler } = state;
  if (!links.has(link)) return;
  if (link.lag > 0 && prng.chance(0.1)) link.lag--;
  const isMute = options.faults?.[link.url] === 'mute';
  for (let burst = 0; burst < 5 && link.next !== null; burst++) {
    if (link.next > state.heights - link.lag || isMute || !links.has(link)) break;
    sendHeight(state, link, link.next++);
  }
  scheduler.after(10 + prng.below(20), () => tick(state, link));
}

function sendHeight(state: State, link: Link, height: number): void {
  const fault = state.options.faults?.[link.url];
  let framed = messagesOf(height, link.topics);
  if (fault === 'gap' && height % 5 === 0) framed = framed.slice(1);
  if (fault === 'order') framed = framed.toReversed();
  for (const { json } of framed) {
    if (state.prng.chance(state.breakChance)) cut(state, link, 1006);
    const shapeless = JSON.stringify(json).replace('"height"', '"depth"');
    if (fault === 'fork') {
      deliver(state, link, JSON.stringify(json).replaceAll(HASH, HASH.replaceAll('a', 'c')));
      continue;
    }
    const padding = PADDING[fault ?? ''];
    if (padding !== undefined) deliver(state, link, padded(json, padding));
    else deliver(state, link, fault === 'nonsense' ? '{' : fault === 'shape' ? shapeless : json);
  }
}

function beat(state: State, link: Link): void {
  if (!state.links.has(link)) return;
  const isMute = state.options.faults?.[link.url] === 'mute';
  const nextHeight = isMute ? state.heights + 1 : link.next;
  deliver(state, link, { type: 'heartbeat', visibleHeight: state.heights, nextHeight });
  state.scheduler.after(FEED_HEARTBEAT_MS, () => beat(state, link));
}

function subscribe(state: State, link: Link, text: string): void {
  const fault = state.options.faults?.[link.url];
  const { topics, from } = JSON.parse(text) as { topics: string[]; from?: number };
  if (from !== undefined) state.asked.push(from);
  if (fault === 'silent' || !state.links.has(link)) return;
  if (fault === 'refuses') {
    deliver(state, link, { type: 'error', code: 1006, name: 'badParameter', detail: 'topics' });
    return cut(state, link, 4400);
  }
  const visibleHeight = state.heights - link.lag;
  link.topics = topics;
  link.next = from ?? link.next ?? visibleHeight + 1;
  const said = fault === 'elsewhere' ? link.next + 1 : link.next;
  deliver(state, link, { type: 'subscribed', from: said, visibleHeight });
}

function connect(state: State, url: string, events: ConnectionEvents): ClientConnection {
  const { prng, scheduler, links, options } = state;
  const address = url.replace(/^ws/, 'http').replace(/\/feed$/, '');
  const lag = prng.below(1 + Math.min(options.lagMost ?? 0, state.heights));
  const link: Link = { url: address, events, lag, topics: [], next: null, sent: 0 };
  links.add(link);
  scheduler.after(5 + prng.below(40), () => {
    if (!links.has(link)) return;
    if (prng.chance(state.breakChance)) return cut(state, link, 1006);
    events.onOpen();
    tick(state, link);
    beat(state, link);
  });
  return {
    send: (text) => scheduler.after(prng.below(30), () => subscribe(state, link, text)),
    close: () => cut(state, link, 1000),
  };
}

export function simulatedFeeds(options: FeedOptionsOfWorld): FeedWorld {
  const { heights, breakChance = 0 } = options;
  const scheduler = createScheduler();
  const prng = createPrng(options.seed);
  const state: State = {
    ...{ options, scheduler, prng, links: new Set(), asked: [], heights, breakChance },
    sentMost: 0,
  };
  return {
    prng,
    asked: state.asked,
    clientWorld: {
      connect: (url, events) => connect(state, url, events),
      after: (delayMs, run) => scheduler.after(delayMs, run),
      random: (bytes) => Uint8Array.from({ length: bytes }, () => prng.below(256)),
    },
    heights: () => state.heights,
    connections: () => state.links.size,
    sentMost: () => state.sentMost,
    heal() {
      state.breakChance = 0;
    },
    grow(more) {
      state.heights += more;
    },
    run: (ms) => scheduler.runUntil(scheduler.nowMs + ms),
    breakAll() {
      for (const link of [...state.links]) cut(state, link, 1006);
    },
    expected(from, to, topics = ['blocks', 'commands']) {
      const names: string[] = [];
      for (let height = from; height <= to; height++) {
        names.push(...messagesOf(height, topics).map(({ name }) => name));
      }
      return names;
    },
  };
}
