import type { FeedTopic } from '../../schemas/feedTopic.js';
import {
  CLIENT_HANDSHAKE_MS_MAX,
  CLIENT_WATCH_MS,
  CLIENT_WELL_MS,
  FEED_HEARTBEAT_MS,
} from '../../schemas/limits.js';
import type { Block } from './answers.js';
import { checkedUrls, FEED_URL } from './checkedUrls.js';
import { type FeedFrame, type FeedMessage, parseFeedFrame } from './feedMessage.js';
import { advance, type FeedPosition, positionBefore, resumeHeight } from './feedPosition.js';
import { noConnection, openConnection } from './openConnection.js';
import type { ClientConnection, ClientWorld } from './ports.js';
import { reconnectPauseMs } from './reconnectPause.js';
import { whole } from './shapes.js';

/** A reader that is silent for so long is left. */
const SILENCE_MS_MAX = 3 * FEED_HEARTBEAT_MS;

export type FeedStatus = 'connecting' | 'live' | 'paused' | 'closed';

/** Every reader has refused the subscription: there is no use in asking again. */
export class FeedRefusedError extends Error {
  override readonly name = 'FeedRefusedError';
  readonly code = 'refused';
  readonly retriable = false;
}

export interface FeedOptions {
  /** `http://host:port` of one reader, or of several of the same chain: each is enough. */
  readonly urls: string | readonly string[];
  readonly world: Pick<ClientWorld, 'connect' | 'after' | 'random'>;
  readonly topics: readonly FeedTopic[];
  /** The first height that is wanted, 0 as 1; without it, what comes after subscribing. */
  readonly from?: number;
  /** `length`: of what it came in, in characters. */
  onMessage(message: FeedMessage, length: number): void;
  onStatus?(status: FeedStatus): void;
  /** A connection stands; it will bring everything from `from` on. */
  onSubscribed?(from: number, visibleHeight: number): void;
  /**
   * A reader was left because of what it said or did not say, or there was no connection to it;
   * the next one is dialled, after a pause.
   */
  onLeft?(url: string, reason: string): void;
  onRefused?(error: FeedRefusedError): void;
}

export interface Feed {
  readonly status: FeedStatus;
  /** Leaves the reader; nothing is brought until `resume`, which goes on where this stopped. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A connection to a reader, from dialling to its end. */
interface FeedLink {
  readonly url: string;
  connection: ClientConnection | null;
  status: 'dialling' | 'live' | 'dead';
  /** What it sent last; null before it was told where to begin. */
  position: FeedPosition | null;
  refusal: string;
  ageMs: number;
  silentMs: number;
}

interface FeedState {
  readonly options: FeedOptions;
  readonly urls: readonly string[];
  /** What was brought last: a connection that comes after brings what is behind it. */
  position: FeedPosition | null;
  /** The last block that was brought; the one behind it must follow from it. */
  tip: Pick<Block, 'height' | 'digest'> | null;
  readonly refusedBy: Set<string>;
  status: FeedStatus;
  link: FeedLink | null;
  urlIndex: number;
  attempts: number;
  cancelRedial: (() => void) | null;
  cancelWatch: (() => void) | null;
}

/**
 * Follows topics over the feeds of any of several readers: every message from the first height on,
 * in order, each once, whatever happens to connections and readers.
 * @throws Error when there is no URL, or one that is none, or `from` is no height
 */
export function followFeed(options: FeedOptions): Feed {
  const { urls, from } = options;
  const list = checkedUrls(urls, FEED_URL).map(feedUrl);
  // JSON has no NaN: a reader would take it for "no height" and never begin where it is wanted.
  if (from !== undefined && !whole(from)) {
    throw new Error(`a feed begins at a height, a whole number of 0 or more; not at ${from}`);
  }
  const state: FeedState = {
    ...{ options, urls: list, refusedBy: new Set(), status: 'connecting', link: null },
    ...{ tip: null },
    position: from === undefined ? null : positionBefore(Math.max(1, from)),
    ...{ urlIndex: 0, attempts: 0, cancelRedial: null, cancelWatch: null },
  };
  dial(state);
  watch(state);
  return {
    get status() {
      return state.status;
    },
    pause() {
      if (state.status === 'closed') return;
      stop(state);
      setStatus(state, 'paused');
    },
    resume() {
      if (state.status !== 'paused') return;
      setStatus(state, 'connecting');
      dial(state);
    },
    close: () => close(state),
  };
}

function feedUrl(url: string): string {
  return `${url.replace(/^http/i, 'ws').replace(/\/+$/, '')}/feed`;
}

function setStatus(state: FeedState, status: FeedStatus): void {
  if (state.status === status || state.status === 'closed') return;
  state.status = status;
  state.options.onStatus?.(status);
}

function dial(state: FeedState): void {
  const { urls, urlIndex, options } = state;
  const link: FeedLink = {
    ...{ url: urls[urlIndex % urls.length] as string, connection: null, status: 'dialling' },
    ...{ position: null, refusal: '', ageMs: 0, silentMs: 0 },
  };
  state.link = link;
  const connection = openConnection(options.world, link.url, {
    onOpen: () => subscribe(state, link),
    onText: (text) => {
      if (link.status === 'dead') return;
      link.silentMs = 0;
      const frame = parseFeedFrame(text);
      if (frame === 'malformed') leave(state, link, 'not a message, or too long');
      else if (frame !== 'unknown') onFrame(state, link, frame, text.length);
    },
    onClose: (code, reason) => {
      const isNone = link.status === 'dialling';
      onClosed(state, link, code);
      if (isNone) options.onLeft?.(link.url, noConnection(code, link.refusal || reason));
    },
  });
  link.connection = connection;
  // Whoever was told of a message may have closed the feed since.
  if (link.status === 'dead') connection.close();
}

function subscribe({ options, position }: FeedState, { connection }: FeedLink): void {
  const from = position === null ? undefined : resumeHeight(position);
  connection?.send(JSON.stringify({ topics: options.topics, from }));
}

function onFrame(state: FeedState, link: FeedLink, frame: FeedFrame, length: number): void {
  const { options } = state;
  switch (frame.type) {
    case 'subscribed':
      return onSubscribed(state, link, frame.from, frame.visibleHeight);
    case 'heartbeat':
      return onHeartbeat(state, link, frame.nextHeight ?? 0);
    case 'error':
      link.refusal = `${frame.code}: ${frame.detail}`;
      return;
    case 'stats':
      return options.onMessage(frame, length);
    default:
      return onPlaced(state, link, frame, length);
  }
}

/**
 * Who named no height is told one, and names it: from there on nothing is left out. What comes
 * before that is answered comes again.
 */
function onSubscribed(state: FeedState, link: FeedLink, from: number, visibleHeight: number): void {
  if (state.position === null) {
    state.position = positionBefore(from);
    return subscribe(state, link);
  }
  if (from !== resumeHeight(state.position)) return leave(state, link, 'begins elsewhere');
  link.position = positionBefore(from);
  link.status = 'live';
  link.ageMs = 0;
  setStatus(state, 'live');
  state.options.onSubscribed?.(from, visibleHeight);
}

function onHeartbeat(state: FeedState, link: FeedLink, nextHeight: number): void {
  if (link.position === null || state.position === null) return;
  if (nextHeight <= resumeHeight(link.position)) return;
  const hasBlocks = state.options.topics.includes('blocks');
  // It says that it sent blocks, and we have not seen them.
  if (hasBlocks && nextHeight > link.position.height + 1) return leave(state, link, 'a gap');
  link.position = positionBefore(nextHeight);
  if (nextHeight > resumeHeight(state.position)) state.position = link.position;
}

function onPlaced(
  state: FeedState,
  link: FeedLink,
  message: FeedMessage & { readonly type: 'block' | 'command' },
  length: number,
): void {
  // Before the answer to our subscription.
  if (link.position === null || state.position === null) return;
  const isBlock = message.type === 'block';
  const { height } = isBlock ? message.block : message.command;
  if (isBlock && !isOfChain(state, message.block)) {
    return leave(state, link, 'a block of another chain');
  }
  const place = { height, executionIndex: isBlock ? 0 : message.command.executionIndex };
  const hasBlocks = state.options.topics.includes('blocks');
  const next = advance(link.position, place, hasBlocks);
  if (next === null) return leave(state, link, 'a gap, or out of order');
  link.position = next;
  // What the connection before this one has brought.
  if (advance(state.position, place, false) === null) return;
  state.position = place;
  if (isBlock) state.tip = message.block;
  state.options.onMessage(message, length);
}

/** Readers of one chain have the same blocks: each names the one before it. */
function isOfChain({ tip }: FeedState, { height, digest, parent }: Block): boolean {
  if (tip?.height === height) return tip.digest === digest;
  return tip?.height !== height - 1 || tip.digest === parent;
}

/** The connection is over: another reader, if there is one, is next. */
function onClosed(state: FeedState, link: FeedLink, code: number): void {
  if (link.status === 'dead') return;
  link.status = 'dead';
  state.link = null;
  if (code >= 4400 && code < 4500) state.refusedBy.add(link.url);
  if (state.refusedBy.size >= new Set(state.urls).size) {
    close(state);
    state.options.onRefused?.(new FeedRefusedError(link.refusal || `closed with ${code}`));
    return;
  }
  do state.urlIndex++;
  while (state.refusedBy.has(state.urls[state.urlIndex % state.urls.length] as string));
  setStatus(state, 'connecting');
  if (state.status !== 'connecting') return;
  const { world } = state.options;
  state.cancelRedial = world.after(reconnectPauseMs(state.attempts++, world.random), () => {
    state.cancelRedial = null;
    dial(state);
  });
}

function leave(state: FeedState, link: FeedLink, reason: string): void {
  const { connection, url } = link;
  onClosed(state, link, 0);
  connection?.close();
  state.options.onLeft?.(url, reason);
}

/** Looks after the connection at intervals; time is counted, so a clock may jump. */
function watch(state: FeedState): void {
  state.cancelWatch = state.options.world.after(CLIENT_WATCH_MS, () => {
    watch(state);
    const { link } = state;
    if (link === null) return;
    link.ageMs += CLIENT_WATCH_MS;
    link.silentMs += CLIENT_WATCH_MS;
    const isLive = link.status === 'live';
    if (isLive && link.ageMs >= CLIENT_WELL_MS) state.attempts = 0;
    if (!isLive && link.ageMs >= CLIENT_HANDSHAKE_MS_MAX) leave(state, link, 'no answer in time');
    else if (link.silentMs >= SILENCE_MS_MAX) leave(state, link, 'no sign of life');
  });
}

function stop(state: FeedState): void {
  const { link } = state;
  state.cancelRedial?.();
  state.cancelRedial = null;
  state.link = null;
  if (link === null) return;
  link.status = 'dead';
  link.connection?.close();
}

function close(state: FeedState): void {
  stop(state);
  state.cancelWatch?.();
  setStatus(state, 'closed');
}
