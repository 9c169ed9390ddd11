import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { createTokenBucket, type TokenBucket } from '../../command/gateway/tokenBucket.js';
import { createFeedReader, type FeedReader } from '../../query/feeds/feed.js';
import {
  type ParsedSubscription,
  parseSubscription,
  subscriptionOfUrl,
} from '../../query/feeds/feedTopic.js';
import { type FeedWants, feedWants, wantsHeights } from '../../query/feeds/feedWants.js';
import { messagesFor } from '../../query/feeds/heightMessages.js';
import type { SqlSource } from '../../query/ports.js';
import { readPace } from '../../query/routes/getStats.js';
import { CloseCode } from '../../schemas/gateway/protocol.js';
import {
  FEED_CLIENTS_MAX,
  FEED_CONNECTIONS_PER_IP_MAX,
  FEED_HEARTBEAT_MS,
  FEED_MESSAGE_BYTES_MAX,
  FEED_MESSAGES_BURST,
  FEED_MESSAGES_PER_SECOND,
  FEED_SKIP_HEIGHTS,
  FEED_STALL_MS_MAX,
  FEED_STATS_MS,
} from '../../schemas/limits.js';
import { RejectCode, rejectName } from '../../schemas/rejectCode.js';
import type { ReadHeights } from '../http/readHeights.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createAddressLimit } from './addressLimit.js';
import { clientAddress } from './clientAddress.js';
import { declineUpgrade } from './declineUpgrade.js';
import { type FeedOutbox, openFeedOutbox } from './feedOutbox.js';
import { isLoopback } from './playerPath.js';
import { refuseUpgrade } from './refuseUpgrade.js';

const FEED_PATH = '/feed';
const RETRY_AFTER_SECONDS = 5;

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
  /** Share a limit with nobody, and say for whom they ask; default loopback. */
  readonly trusted?: (address: string) => boolean;
}

interface FeedClient {
  readonly socket: WebSocket;
  readonly outbox: FeedOutbox;
  /** Of what it says: each subscription has an answer. */
  readonly messages: TokenBucket;
  wants: FeedWants;
  /** The next height to send; null until the client has said what it wants. */
  next: number | null;
  /** It named a height to begin with, so it gets every one. */
  gapless: boolean;
  sending: boolean;
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
    trusted: isLoopback,
    ...options,
    reader: createFeedReader(sql, shard, (text) => Buffer.from(text)),
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
    if (!limit.enter(clientAddress(request, feed.trusted), stream)) {
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
function beat(feed: Feed): void {
  const visibleHeight = feed.heights.current().height;
  for (const client of feed.clients) {
    if (!client.outbox.beat()) client.socket.terminate();
    else say(feed, client, { type: 'heartbeat', visibleHeight, nextHeight: client.next });
  }
}

function say(feed: Feed, client: FeedClient, message: object): void {
  const { socket, outbox } = client;
  if (socket.readyState === socket.OPEN && !outbox.say(JSON.stringify(message))) {
    evict(feed, client);
  }
}

function evict({ metrics, stallMsMax }: Feed, { socket, outbox, next }: FeedClient): void {
  if (socket.readyState !== socket.OPEN) return;
  metrics.count('feed_evictions_total');
  outbox.close(CloseCode.slowConsumer, `slow consumer; resume from ${next}`, stallMsMax);
}

function attach(feed: Feed, socket: WebSocket, wanted: ParsedSubscription | null): void {
  const rate = FEED_MESSAGES_PER_SECOND;
  const client: FeedClient = {
    socket,
    outbox: openFeedOutbox(socket),
    messages: createTokenBucket(rate, FEED_MESSAGES_BURST, performance.now()),
    wants: feedWants(new Set()),
    next: null,
    gapless: false,
    sending: false,
  };
  const { clients, metrics } = feed;
  clients.add(client);
  metrics.gauge('feed_clients', clients.size);
  socket.on('message', (data: RawData) => {
    // After a refusal, what was under way already.
    if (socket.readyState !== socket.OPEN) return;
    if (client.messages.take(1, performance.now()) === 0) {
      return subscribe(feed, client, parseSubscription(String(data)));
    }
    metrics.count('feed_rate_limited_total');
    const detail = `more than ${rate} messages a second`;
    subscribe(feed, client, { ok: false, code: RejectCode.rateLimited, detail });
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
  if (!parsed.ok) {
    const { code, detail } = parsed;
    say(feed, client, { type: 'error', code, name: rejectName(code), detail });
    client.outbox.close(CloseCode.protocolError, detail, feed.stallMsMax);
    return;
  }
  const { topics, from } = parsed.subscription;
  const visibleHeight = feed.heights.current().height;
  client.wants = feedWants(topics);
  client.next = from ?? client.next ?? visibleHeight + 1;
  client.gapless ||= from !== null;
  say(feed, client, { type: 'subscribed', from: client.next, visibleHeight });
  void serve(feed, client);
}

/** Sends what is visible and not sent; one run a client at a time. */
async function serve(feed: Feed, client: FeedClient): Promise<void> {
  const { socket, outbox } = client;
  if (client.sending || client.next === null) return;
  client.sending = true;
  try {
    while (socket.readyState === socket.OPEN) {
      const visible = feed.heights.current().height;
      // Nothing of what there is: so it was sent.
      if (!wantsHeights(client.wants)) client.next = Math.max(client.next, visible + 1);
      if (client.next > visible) break;
      skipAhead(feed, client, visible);
      if (!(await sendSome(feed, client, visible))) break;
      // While it waits a client holds its outbox, and nothing that is not sent yet.
      if (outbox.isFull() && !(await outbox.drained(feed.stallMsMax))) evict(feed, client);
      // Many who catch up leave room for what else there is to do.
      else if (client.next <= visible) await nextTurn();
    }
  } catch (error) {
    // The database is away: the next change of the visible height tries again.
    feed.log.warn({ err: error }, 'the feed cannot read');
  } finally {
    client.sending = false;
  }
}

/** Who did not ask for every height is brought to the newest, and told what it misses. */
function skipAhead(feed: Feed, client: FeedClient, visible: number): void {
  const { next } = client;
  if (client.gapless || next === null || visible - next < FEED_SKIP_HEIGHTS) return;
  const toHeight = visible - 1;
  say(feed, client, { type: 'skipped', fromHeight: next, toHeight });
  client.next = visible;
  feed.metrics.count('feed_skipped_total');
}

/** What comes next, until the outbox is full. False when there is nothing to be read. */
async function sendSome(feed: Feed, client: FeedClient, visible: number): Promise<boolean> {
  const { socket, outbox, wants, next } = client;
  if (next === null) return false;
  // Another subscription may come meanwhile, with other topics or another place to go on from.
  const isWanted = (): boolean =>
    socket.readyState === socket.OPEN && client.wants === wants && client.next === next;
  const chunk = await feed.reader.read({ from: next, visible, wants, isWanted });
  if (!isWanted()) return true;
  if (chunk.through < next) return false;
  for (const height of chunk.heights) {
    for (const message of messagesFor(wants, height)) outbox.send(message);
    client.next = height.height + 1;
    if (outbox.isFull()) return true;
  }
  client.next = chunk.through + 1;
  return true;
}

/** The pace of the chain, at intervals, while somebody wants it. */
function followStats(feed: Feed): { close(): void } {
  const { sql, shard, heights, clients, log } = feed;
  let lastHeight = -1;
  let isReading = false;
  const read = async (): Promise<void> => {
    const visible = heights.current();
    const receivers = [...clients].filter(({ wants }) => wants.topics.has('stats'));
    if (isReading || receivers.length === 0 || visible.height === lastHeight) return;
    isReading = true;
    try {
      const pace = await readPace({ sql: sql.at(visible.height), shard, visible });
      lastHeight = visible.height;
      const { height: visibleHeight, timestampMs } = visible;
      const text = JSON.stringify({ type: 'stats', ...pace, timestampMs, visibleHeight });
      for (const { outbox } of receivers) {
        if (!outbox.isFull()) outbox.send(Buffer.from(text));
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
