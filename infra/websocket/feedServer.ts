import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { createFeedReader, type FeedReader, messagesFor } from '../../query/feeds/feed.js';
import {
  type ParsedSubscription,
  parseSubscription,
  subscriptionOfUrl,
} from '../../query/feeds/feedTopic.js';
import type { SqlSource } from '../../query/ports.js';
import { readPace } from '../../query/routes/getStats.js';
import type { FeedTopic } from '../../schemas/feedTopic.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import {
  FEED_CLIENTS_MAX,
  FEED_CONNECTIONS_PER_IP_MAX,
  FEED_HEARTBEAT_MS,
  FEED_MESSAGE_BYTES_MAX,
  FEED_OUTBOX_BYTES_MAX,
  FEED_SKIP_HEIGHTS,
  FEED_STALL_MS_MAX,
  FEED_STATS_MS,
} from '../../schemas/limits.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { ReadHeights } from '../http/readHeights.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createAddressLimit } from './addressLimit.js';
import { declineUpgrade } from './declineUpgrade.js';
import { refuseUpgrade } from './refuseUpgrade.js';

const FEED_PATH = '/feed';
const RETRY_AFTER_SECONDS = 5;
/** So much text has a ping among it: who reads as much within a heartbeat is alive. */
const PING_CHARACTERS = 64 * 1024;

export interface FeedServer {
  clients(): number;
  close(): Promise<void>;
}

export interface FeedOptions {
  readonly sql: SqlSource;
  readonly heights: ReadHeights;
  readonly shard: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How long a client may take nothing of a full outbox. */
  readonly stallMsMax?: number;
  readonly connectionsPerAddressMax?: number;
  readonly heartbeatMs?: number;
  /** Addresses that share a limit with nobody: loopback always, and these. */
  readonly trusted?: (address: string) => boolean;
}

interface FeedClient {
  readonly socket: WebSocket;
  topics: ReadonlySet<FeedTopic>;
  /** The next height to send; null until the client has said what it wants. */
  next: number | null;
  /** It named a height to begin with, so it gets every one. */
  gapless: boolean;
  sending: boolean;
  /** It answered a ping or said something since the last heartbeat. */
  alive: boolean;
  /** Pings that it answered: it has read what was sent before them. */
  pongs: number;
  /** Sent since the last ping. */
  unpinged: number;
  /** What was left to take at the last heartbeat. */
  backlogBytes: number;
}

interface Feed extends Required<FeedOptions> {
  readonly reader: FeedReader;
  readonly clients: Set<FeedClient>;
}

/**
 * The live feed: a client says `{"topics": [...], "from": height}`, or the same in the URL, and
 * gets every message of these topics from that height on, in order, on any reader. Without `from`
 * it begins with the next height, and is told what was skipped when it is too slow.
 */
export function serveFeed(server: Server, options: FeedOptions): FeedServer {
  const { sql, heights, shard, metrics } = options;
  const feed: Feed = {
    stallMsMax: FEED_STALL_MS_MAX,
    connectionsPerAddressMax: FEED_CONNECTIONS_PER_IP_MAX,
    heartbeatMs: FEED_HEARTBEAT_MS,
    trusted: () => false,
    ...options,
    reader: createFeedReader(sql, shard),
    clients: new Set(),
  };
  const limit = createAddressLimit(feed.connectionsPerAddressMax, feed.trusted);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FEED_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    if (declineUpgrade(server, request, stream)) return;
    const [path, ...query] = (request.url ?? '').split('?');
    if (path !== FEED_PATH) return refuseUpgrade(stream, '404 Not Found');
    if (feed.clients.size >= FEED_CLIENTS_MAX) {
      return refuseUpgrade(stream, '503 Service Unavailable');
    }
    if (!limit.enter(request.socket.remoteAddress ?? '', stream)) {
      metrics.count('feed_refused_connections_total');
      return refuseUpgrade(stream, '429 Too Many Requests', RETRY_AFTER_SECONDS);
    }
    const wanted = subscriptionOfUrl(new URLSearchParams(query.join('?')));
    sockets.handleUpgrade(request, stream, head, (socket) => attach(feed, socket, wanted));
  };
  server.on('upgrade', onUpgrade);
  const stopFollowing = heights.onChange(() => {
    for (const client of feed.clients) void serve(feed, client);
  });
  const heartbeat = setInterval(() => beat(feed), feed.heartbeatMs);
  const stats = followStats(feed);
  return {
    clients: () => feed.clients.size,
    async close() {
      server.off('upgrade', onUpgrade);
      clearInterval(heartbeat);
      stats.close();
      stopFollowing();
      for (const { socket } of feed.clients) socket.close(CloseCode.draining, 'draining');
      sockets.close();
    },
  };
}

/** With the height below which a client was sent everything: from there it may resume. */
function beat({ clients, heights }: Feed): void {
  const visibleHeight = heights.current().height;
  for (const client of clients) {
    const { socket, next: nextHeight } = client;
    if (!client.alive && socket.bufferedAmount >= client.backlogBytes) {
      socket.terminate();
      continue;
    }
    client.alive = false;
    ping(client);
    socket.send(JSON.stringify({ type: 'heartbeat', visibleHeight, nextHeight }));
    client.backlogBytes = socket.bufferedAmount;
  }
}

/** Who reads answers when it comes to the ping, behind all that was sent before. */
function ping(client: FeedClient, onGone?: (error?: Error) => void): void {
  client.unpinged = 0;
  client.socket.ping(undefined, undefined, onGone);
}

/**
 * With pings among the messages: megabytes wait in the network alone, where nobody sees how much of
 * them was read, and a ping behind all of it would tell of a slow reader's life too late.
 */
function send(client: FeedClient, text: string): void {
  client.socket.send(text);
  client.unpinged += text.length;
  if (client.unpinged >= PING_CHARACTERS) ping(client);
}

function attach(feed: Feed, socket: WebSocket, wanted: ParsedSubscription | null): void {
  const client: FeedClient = {
    socket,
    topics: new Set(),
    next: null,
    gapless: false,
    sending: false,
    alive: true,
    ...{ pongs: 0, unpinged: 0, backlogBytes: 0 },
  };
  const { clients, metrics } = feed;
  clients.add(client);
  metrics.gauge('feed_clients', clients.size);
  socket.on('message', (data: RawData) => {
    client.alive = true;
    subscribe(feed, client, parseSubscription(String(data)));
  });
  socket.on('pong', () => {
    client.alive = true;
    client.pongs++;
  });
  socket.on('close', () => {
    clients.delete(client);
    metrics.gauge('feed_clients', clients.size);
  });
  socket.on('error', () => socket.terminate());
  if (wanted !== null) subscribe(feed, client, wanted);
}

/** A refusal is said in a message and ends the connection: nothing half understood goes on. */
function subscribe(feed: Feed, client: FeedClient, parsed: ParsedSubscription): void {
  const { socket } = client;
  if (!parsed.ok) {
    const { code, detail } = parsed;
    socket.send(JSON.stringify({ type: 'error', code, name: rejectName(code), detail }));
    socket.close(CloseCode.protocolError, detail);
    return;
  }
  const { topics, from } = parsed.subscription;
  const visibleHeight = feed.heights.current().height;
  client.topics = topics;
  client.next = from ?? client.next ?? visibleHeight + 1;
  client.gapless ||= from !== null;
  socket.send(JSON.stringify({ type: 'subscribed', from: client.next, visibleHeight }));
  void serve(feed, client);
}

/** Sends what is visible and not sent; one run a client at a time. */
async function serve(feed: Feed, client: FeedClient): Promise<void> {
  const { socket } = client;
  if (client.sending || client.next === null) return;
  client.sending = true;
  try {
    while (socket.readyState === socket.OPEN) {
      const visible = feed.heights.current().height;
      skipAhead(feed, client, visible);
      const next: number = client.next;
      const heights = await feed.reader.read(next, visible);
      if (heights.length === 0) break;
      // Another subscription may have come meanwhile, with another place to go on from.
      if (client.next === next && !(await sendHeights(feed, client, heights))) break;
    }
  } catch (error) {
    // The database is away: the next change of the visible height tries again.
    feed.log.warn({ err: error }, 'the feed cannot read');
  } finally {
    client.sending = false;
  }
}

/** Who did not ask for every height is brought to the newest, and told what it misses. */
function skipAhead({ metrics }: Feed, client: FeedClient, visible: number): void {
  const { next } = client;
  if (client.gapless || next === null || visible - next < FEED_SKIP_HEIGHTS) return;
  const toHeight = visible - 1;
  client.socket.send(JSON.stringify({ type: 'skipped', fromHeight: next, toHeight }));
  client.next = visible;
  metrics.count('feed_skipped_total');
}

/** False when the client left the feed, or was closed because it does not read. */
async function sendHeights(
  feed: Feed,
  client: FeedClient,
  heights: Awaited<ReturnType<FeedReader['read']>>,
): Promise<boolean> {
  for (const height of heights) {
    for (const text of messagesFor(client.topics, height)) send(client, text);
    client.next = height.height + 1;
    if (client.socket.bufferedAmount <= FEED_OUTBOX_BYTES_MAX) continue;
    if (!(await drained(client, feed.stallMsMax))) {
      feed.metrics.count('feed_evictions_total');
      client.socket.close(CloseCode.slowConsumer, `slow consumer; resume from ${client.next}`);
      // A client that reads nothing does not read the close frame either.
      setTimeout(() => client.socket.terminate(), feed.stallMsMax).unref();
      return false;
    }
    if (client.next !== height.height + 1) return true;
  }
  return true;
}

/** Whether everything sent leaves for the network, some of it taken in each `stallMsMax`. */
function drained(client: FeedClient, stallMsMax: number): Promise<boolean> {
  const { socket } = client;
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const { pongs } = client;
      const bytes = socket.bufferedAmount;
      timer = setTimeout(() => {
        const tookSome = client.pongs > pongs || socket.bufferedAmount < bytes;
        // Answers to what it says meanwhile are few, unless it means to fill our memory.
        const hasGrown = socket.bufferedAmount > bytes + FEED_MESSAGE_BYTES_MAX;
        if (tookSome && !hasGrown) wait();
        else resolve(false);
      }, stallMsMax);
    };
    wait();
    // A ping goes out after all that was sent before it.
    ping(client, (error) => {
      clearTimeout(timer);
      resolve(!error);
    });
  });
}

/** The pace of the chain, at intervals, while somebody wants it. */
function followStats(feed: Feed): { close(): void } {
  const { sql, shard, heights, clients, log } = feed;
  let lastHeight = -1;
  let isReading = false;
  const read = async (): Promise<void> => {
    const visible = heights.current();
    const receivers = [...clients].filter(({ topics }) => topics.has('stats'));
    if (isReading || receivers.length === 0 || visible.height === lastHeight) return;
    isReading = true;
    try {
      const pace = await readPace({ sql: sql.at(visible.height), shard, visible });
      lastHeight = visible.height;
      const { height: visibleHeight, timestampMs } = visible;
      const text = JSON.stringify({ type: 'stats', ...pace, timestampMs, visibleHeight });
      for (const { socket } of receivers) {
        if (socket.bufferedAmount <= FEED_OUTBOX_BYTES_MAX) socket.send(text);
      }
    } catch (error) {
      log.warn({ err: error }, 'the feed cannot read the pace');
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => void read(), FEED_STATS_MS);
  return { close: () => clearInterval(timer) };
}
