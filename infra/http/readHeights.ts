import type pg from 'pg';
import { VISIBLE_CHANNEL } from '../../projections/readModels.js';
import type { Sql, VisibleHeight } from '../../query/ports.js';
import { safeCount } from '../../query/routes/select.js';
import { READ_WAITS_MAX } from '../../schemas/limits.js';
import { type ConnectionOptions, connectClient } from '../postgres/connection.js';
import { isUnprojected } from './readDatabase.js';

export type WaitOutcome = 'visible' | 'timeout' | 'crowded';

/** Follows the visible height of one shard. */
export interface ReadHeights {
  current(): VisibleHeight;
  /** Whether the database answered lately. */
  isFresh(): boolean;
  waitFor(height: number, timeoutMs: number): Promise<WaitOutcome>;
  /** Called after each change; what it returns ends that. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** The safety net under NOTIFY; on a standby, which cannot listen, the only way. */
const POLL_MS = 500;
const POLL_MS_WITHOUT_LISTEN = 100;
const FRESH_MS = 5_000;
const QUERY = 'select height, timestamp_ms from visible_height where shard = $1';

interface Waiter {
  readonly height: number;
  settle(outcome: WaitOutcome): void;
}

/**
 * Starts with the height of now. NOTIFY only wakes: what is visible is read from the table.
 * @throws PostgresError when the database cannot be reached at the start
 */
export async function followHeights(options: {
  readonly sql: Sql;
  readonly shard: number;
  /** Null on a standby: polls instead. */
  readonly listen: ConnectionOptions | null;
  readonly log: ConnectionOptions['log'];
}): Promise<ReadHeights> {
  const { sql, shard, log } = options;
  let visible: VisibleHeight = { height: 0, timestampMs: 0 };
  let freshAtMs = performance.now();
  const waiters = new Set<Waiter>();
  const listeners = new Set<() => void>();

  const read = async (): Promise<void> => {
    const [row] = await sql.rows(QUERY, [shard]).catch((error: unknown) => {
      if (isUnprojected(error)) return [];
      throw error;
    });
    freshAtMs = performance.now();
    const height = safeCount(row?.height ?? 0);
    if (height === visible.height) return;
    visible = { height, timestampMs: safeCount(row?.timestamp_ms ?? 0) };
    for (const waiter of [...waiters]) if (waiter.height <= height) waiter.settle('visible');
    for (const listener of [...listeners]) listener();
  };
  await read();

  const follower = followWakeups(options, async () => {
    try {
      await read();
    } catch (error) {
      log.warn({ err: error }, 'the visible height cannot be read');
    }
  });
  return {
    current: () => visible,
    isFresh: () => performance.now() - freshAtMs < FRESH_MS,
    waitFor(height, timeoutMs) {
      if (height <= visible.height) return Promise.resolve('visible');
      if (waiters.size >= READ_WAITS_MAX) return Promise.resolve('crowded');
      return new Promise((resolve) => {
        const settle = (outcome: WaitOutcome): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(outcome);
        };
        const waiter: Waiter = { height, settle };
        const timer = setTimeout(() => settle('timeout'), timeoutMs);
        waiters.add(waiter);
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await follower.close();
      for (const waiter of [...waiters]) waiter.settle('timeout');
      listeners.clear();
    },
  };
}

/** Calls `refresh` after notifications and at intervals, never twice at a time. */
function followWakeups(
  options: { readonly listen: ConnectionOptions | null; readonly log: ConnectionOptions['log'] },
  refresh: () => Promise<void>,
): { close(): Promise<void> } {
  const { listen, log } = options;
  let closed = false;
  let running: Promise<void> | null = null;
  let again = false;
  let client: pg.Client | null = null;
  let connecting: Promise<void> | null = null;

  const wake = (): void => {
    if (closed) return;
    again = true;
    running ??= drain();
  };
  const drain = async (): Promise<void> => {
    while (again && !closed) {
      again = false;
      await refresh();
    }
    running = null;
  };
  const connect = async (connection: ConnectionOptions): Promise<void> => {
    try {
      const fresh = await connectClient(connection, (error) => {
        client = null;
        if (!closed) log.warn({ err: error }, 'notifications lost, polling until they are back');
      });
      client = fresh;
      fresh.on('notification', wake);
      await fresh.query(`listen ${VISIBLE_CHANNEL}`);
      wake();
    } catch (error) {
      log.debug({ err: error }, 'cannot listen yet');
    }
    connecting = null;
  };
  const tick = (): void => {
    wake();
    if (listen !== null && client === null) connecting ??= connect(listen);
  };
  const timer = setInterval(tick, listen === null ? POLL_MS_WITHOUT_LISTEN : POLL_MS);
  tick();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await connecting;
      await running;
      await client?.end();
    },
  };
}
