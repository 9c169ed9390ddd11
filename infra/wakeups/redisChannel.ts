import { createClient } from '@redis/client';
import type { StartWakeups } from '../../query/ports.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { AdapterLog } from '../postgres/connection.js';

export interface RedisOptions {
  /** `redis[s]://[[user][:password]@]host[:port]` */
  readonly url: string;
  readonly chainId: Uint8Array;
  readonly shard: number;
  readonly log: AdapterLog;
}

const CONNECT_MS_MAX = 5_000;
const CONNECT_AGAIN_MS = 500;
const PING_MS = 1_000;
/** A connection that answers no ping is given up. */
const SILENCE_MS_MAX = 5_000;

/** Says once when Redis goes away, and once when it is back. */
function connectRedis({ url, log }: RedisOptions) {
  let isAway = false;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_MS_MAX,
      socketTimeout: SILENCE_MS_MAX,
      reconnectStrategy: () => CONNECT_AGAIN_MS,
    },
  });
  client.on('error', (error: unknown) => {
    if (!isAway) log.warn({ err: error }, 'Redis is away; readers poll until it is back');
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) log.warn({}, 'Redis is back');
    isAway = false;
  });
  // Ends once it is connected or destroyed; what goes wrong is told as `error`.
  client.connect().catch(() => null);
  return client;
}

const channelOf = ({ chainId, shard }: RedisOptions): string =>
  `nullspace:${toHex(chainId)}:${shard}:visible`;

/** What projectors announce there. */
export function redisWakeups(options: RedisOptions): StartWakeups {
  return (wake) => {
    const client = connectRedis(options);
    let isSubscribed = false;
    const subscribe = async (): Promise<void> => {
      // The client repeats it itself on every further connection.
      if (!isSubscribed) await client.subscribe(channelOf(options), (text) => wake(Number(text)));
      isSubscribed = true;
      wake(0);
    };
    // What fails takes its connection along; the next one is ready again.
    client.on('ready', () => void subscribe().catch(() => null));
    return {
      async close() {
        client.destroy();
      },
    };
  };
}

export interface HeightAnnouncer {
  /** Never waits and never fails: who does not hear it polls. */
  announce(height: number): void;
  close(): void;
}

/** Tells readers that listen on Redis what a projector has committed. */
export function redisAnnouncer(options: RedisOptions): HeightAnnouncer {
  const client = connectRedis(options);
  let isSending = false;
  let next: number | null = null;
  const send = async (): Promise<void> => {
    isSending = true;
    while (next !== null && client.isReady) {
      const height = next;
      next = null;
      await client.publish(channelOf(options), String(height)).catch(() => null);
    }
    isSending = false;
  };
  return {
    announce(height) {
      next = height;
      if (!isSending) void send();
    },
    close: () => client.destroy(),
  };
}
