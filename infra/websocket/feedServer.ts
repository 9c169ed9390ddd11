import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  createFeedReader,
  type FeedReader,
  type FeedTopic,
  isFeedTopic,
  messagesFor,
} from '../../query/feeds/feed.js';
import type { Sql } from '../../query/ports.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import {
  FEED_CLIENTS_MAX,
  FEED_HEARTBEAT_MS,
  FEED_MESSAGE_BYTES_MAX,
  FEED_OUTBOX_BYTES_MAX,
  FEED_TOPICS_MAX,
} from '../../schemas/limits.js';
import type { ReadHeights } from '../http/readHeights.js';
import type { Metrics } from '../telemetry/metrics.js';

export const FEED_PATH = '/feed';

export interface FeedServer {
  clients(): number;
  close(): Promise<void>;
}

interface FeedClient {
  readonly socket: WebSocket;
  topics: ReadonlySet<FeedTopic>;
  /** The next height to send; null until the client has said what it wants. */
  next: number | null;
  sending: boolean;
}

interface Feed {
  readonly reader: FeedReader;
  readonly heights: ReadHeights;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clients: Set<FeedClient>;
}

/**
 * The live feed: a client says `{"topics": [...], "from": height}` and gets every message of these
 * topics from that height on, in order, on any reader. Without `from` it begins with the next one.
 */
export function serveFeed(
  server: Server,
  options: {
    readonly sql: Sql;
    readonly heights: ReadHeights;
    readonly shard: number;
    readonly metrics: Metrics;
    readonly log: Logger;
  },
): FeedServer {
  const { sql, heights, shard, metrics, log } = options;
  const feed: Feed = {
    reader: createFeedReader(sql, shard),
    heights,
    metrics,
    log,
    clients: new Set(),
  };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FEED_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, stream, head) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== FEED_PATH || feed.clients.size >= FEED_CLIENTS_MAX) {
      const status = path === FEED_PATH ? '503 Service Unavailable' : '404 Not Found';
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => attach(feed, socket));
  });
  const stopFollowing = heights.onChange(() => {
    for (const client of feed.clients) void serve(feed, client);
  });
  const heartbeat = setInterval(() => {
    const visibleHeight = heights.current().height;
    const text = JSON.stringify({ type: 'heartbeat', visibleHeight });
    for (const { socket } of feed.clients) socket.send(text);
  }, FEED_HEARTBEAT_MS);
  return {
    clients: () => feed.clients.size,
    async close() {
      clearInterval(heartbeat);
      stopFollowing();
      for (const { socket } of feed.clients) socket.close(CloseCode.draining, 'draining');
      sockets.close();
    },
  };
}

function attach(feed: Feed, socket: WebSocket): void {
  const client: FeedClient = { socket, topics: new Set(), next: null, sending: false };
  feed.clients.add(client);
  feed.metrics.gauge('feed_clients', feed.clients.size);
  socket.on('message', (data) => subscribe(feed, client, String(data)));
  socket.on('close', () => {
    feed.clients.delete(client);
    feed.metrics.gauge('feed_clients', feed.clients.size);
  });
  socket.on('error', () => socket.terminate());
}

function readSubscription(text: string): { topics: FeedTopic[]; from: number | null } | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof json !== 'object' || json === null) return null;
  const { topics, from } = json as { topics?: unknown; from?: unknown };
  if (!Array.isArray(topics) || topics.length > FEED_TOPICS_MAX) return null;
  if (!topics.every(isFeedTopic)) return null;
  if (from === undefined || from === null) return { topics, from: null };
  return Number.isSafeInteger(from) && (from as number) >= 1
    ? { topics, from: from as number }
    : null;
}

function subscribe(feed: Feed, client: FeedClient, text: string): void {
  const wanted = readSubscription(text);
  if (wanted === null) {
    client.socket.close(CloseCode.protocolError, 'expected {"topics": [...], "from"?: height}');
    return;
  }
  const visibleHeight = feed.heights.current().height;
  client.topics = new Set(wanted.topics);
  client.next = wanted.from ?? client.next ?? visibleHeight + 1;
  client.socket.send(JSON.stringify({ type: 'subscribed', from: client.next, visibleHeight }));
  void serve(feed, client);
}

/** Sends what is visible and not sent; one run a client at a time. */
async function serve(feed: Feed, client: FeedClient): Promise<void> {
  if (client.sending || client.next === null) return;
  client.sending = true;
  try {
    while (client.socket.readyState === client.socket.OPEN) {
      const heights = await feed.reader.read(client.next, feed.heights.current().height);
      if (heights.length === 0) break;
      for (const height of heights) {
        for (const text of messagesFor(client.topics, height)) client.socket.send(text);
        client.next = height.height + 1;
      }
      if (client.socket.bufferedAmount <= FEED_OUTBOX_BYTES_MAX) continue;
      feed.metrics.count('feed_evictions_total');
      client.socket.close(CloseCode.slowConsumer, `slow consumer; resume from ${client.next}`);
    }
  } catch (error) {
    // The database is away: the next change of the visible height tries again.
    feed.log.warn({ err: error }, 'the feed cannot read');
  } finally {
    client.sending = false;
  }
}
