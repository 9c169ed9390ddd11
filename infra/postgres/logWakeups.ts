import type pg from 'pg';
import { type ConnectionOptions, connectClient } from './connection.js';
import { WAKE_CHANNEL } from './logSchema.js';

/** One LISTEN connection for all subscriptions of a process. */
export interface LogWakeups {
  /** Changes with every notification. Read it before the query that `wait` follows. */
  readonly count: number;
  /** Resolves once `count` is not `seen` any more, or after `pollMs`: notifications may be lost. */
  wait(seen: number): Promise<void>;
  /** Ends all waits, as a notification would; for those that close. */
  wakeAll(): void;
  close(): Promise<void>;
}

/** The safety net under NOTIFY. */
const POLL_MS = 500;
/** How soon a lost listener is replaced. */
const LISTEN_AGAIN_MS = 500;

export function createLogWakeups(
  options: ConnectionOptions & { readonly pollMs?: number },
): LogWakeups {
  const { pollMs = POLL_MS } = options;
  const sleepers = new Set<() => void>();
  let count = 0;
  let closed = false;
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;
  let connecting: Promise<void> | null = null;

  const wakeAll = (): void => {
    count++;
    for (const wake of [...sleepers]) wake();
  };
  const connectLater = (error: unknown): void => {
    client = null;
    if (closed || retry !== null) return;
    options.log.warn({ err: error }, 'log notifications lost, polling until they are back');
    retry = setTimeout(() => {
      retry = null;
      connecting = connect();
    }, LISTEN_AGAIN_MS);
    retry.unref();
  };
  const connect = async (): Promise<void> => {
    try {
      const fresh = await connectClient(options, connectLater);
      client = fresh;
      fresh.on('notification', wakeAll);
      await fresh.query(`listen ${WAKE_CHANNEL}`);
      wakeAll(); // what came before the server listened for us was told to nobody
      if (closed) await fresh.end();
    } catch (error) {
      connectLater(error);
    }
  };
  const wait = (seen: number): Promise<void> =>
    new Promise((resolve) => {
      connecting ??= connect();
      if (count !== seen || closed) return resolve();
      const wake = (): void => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, pollMs);
      sleepers.add(wake);
    });
  const close = async (): Promise<void> => {
    closed = true;
    if (retry !== null) clearTimeout(retry);
    wakeAll();
    await connecting;
    await client?.end();
    client = null;
  };
  return {
    get count() {
      return count;
    },
    wait,
    wakeAll,
    close,
  };
}
