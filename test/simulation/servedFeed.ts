import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pino } from 'pino';
import type { ReadHeights } from '../../infra/http/readHeights.js';
import { createMetrics } from '../../infra/telemetry/metrics.js';
import { type FeedOptions, type FeedServer, serveFeed } from '../../infra/websocket/feedServer.js';
import type { Sql } from '../../query/ports.js';

export interface ServedFeed {
  readonly port: number;
  readonly feed: FeedServer;
  close(): Promise<void>;
}

/** The feed over tables that a test makes up. */
export async function openServedFeed(
  options: Pick<FeedOptions, 'heights'> & Partial<FeedOptions> & { readonly rows: Sql['rows'] },
): Promise<ServedFeed> {
  const server = createServer();
  const { rows, ...more } = options;
  const feed = serveFeed(server, {
    ...{ sql: { at: () => ({ rows }) }, shard: 0 },
    metrics: createMetrics('reader'),
    log: pino({ level: 'silent' }),
    ...more,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    feed,
    async close() {
      await feed.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Heights that a test moves as it likes. */
export function steeredHeights(start: number): ReadHeights & { move(height: number): void } {
  let height = start;
  const listeners = new Set<() => void>();
  return {
    current: () => ({ height, timestampMs: 1 }),
    isFresh: () => true,
    hasTables: () => true,
    tables: () => 'made up',
    waitFor: async () => 'visible',
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
    move(to) {
      height = to;
      for (const listener of listeners) listener();
    },
  };
}

const HANDSHAKE =
  'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** A connection to the feed that says what a test likes, byte by byte, and reads nothing. */
export async function openMuteFeed(port: number, query = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET /feed${query} HTTP/1.1\r\n${HANDSHAKE}`);
  await once(socket, 'readable');
  return socket;
}

/** A frame of a client (RFC 6455, 5.2) under a mask of zeros; at most 125 bytes. */
export function clientFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const data = Buffer.from(payload);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | data.length, 0, 0, 0, 0]), data]);
}
