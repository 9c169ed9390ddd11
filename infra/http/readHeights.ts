import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql, StartWakeups } from '../../query/ports.js';
import { safeCount } from '../../query/routes/select.js';
import type { AdapterLog } from '../postgres/connection.js';
import { isUnprojected } from '../postgres/errors.js';
import { createShownHeight, type HeightWaits } from './shownHeight.js';

/** Follows the visible height of one shard. */
export interface ReadHeights extends HeightWaits {
  /** Whether a database answered lately. */
  isFresh(): boolean;
  /** Whether its projector has made the tables: until then nothing but heights can be asked. */
  hasTables(): boolean;
  /** Which tables answer: others have another name, also those made anew at the same height. */
  tables(): string;
  close(): Promise<void>;
}

export interface FollowedHeights extends ReadHeights {
  /** How long ago the database answered. */
  ageMs(): number;
}

/** The safety net under wake-ups; and where there are none. */
const POLL_MS = 500;
const POLL_MS_ALONE = 100;
/** How often, and how long, to look for a height that was heard of. */
const LOOK_AGAIN_MS = 4;
const LOOK_FOR_MS = 250;
const FRESH_MS = 5_000;
/**
 * With the schema of the tables that the view shows: its name has their content, and its number is
 * never given again. From the catalogue, which every role may read.
 */
const QUERY = `select height, timestamp_ms, (
    select nspname || '.' || pg_namespace.oid from pg_rewrite
    join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
    join pg_class as kept on refclassid = 'pg_class'::regclass and refobjid = kept.oid
    join pg_namespace on pg_namespace.oid = relnamespace
    where ev_class = 'visible_height'::regclass and kept.oid <> ev_class limit 1
  ) as tables
  from visible_height where shard = $1`;

/**
 * Starts with the height of now. Wake-ups say when to look; what is visible is read from the table.
 * @throws PostgresError when the database cannot be reached at the start
 */
export async function followHeights(options: {
  readonly sql: Sql;
  readonly shard: number;
  /** Null: polls. */
  readonly wakeups: StartWakeups | null;
  readonly log: AdapterLog;
}): Promise<FollowedHeights> {
  const { sql, shard } = options;
  const shown = createShownHeight();
  let freshAtMs = performance.now();
  let hasTables = false;
  let tables = '';

  const read = async (): Promise<number> => {
    const rows = await sql.rows(QUERY, [shard]).catch((error: unknown) => {
      if (isUnprojected(error)) return null;
      throw error;
    });
    freshAtMs = performance.now();
    hasTables = rows !== null;
    const [row] = rows ?? [];
    const height = safeCount(row?.height ?? 0);
    // Before the height: who is told of it asks for what is in them.
    tables = String(row?.tables ?? '');
    shown.show({ height, timestampMs: safeCount(row?.timestamp_ms ?? 0) });
    return height;
  };
  await read();

  const follower = followWakeups(options, read);
  return {
    ...shown,
    isFresh: () => performance.now() - freshAtMs < FRESH_MS,
    hasTables: () => hasTables,
    tables: () => tables,
    ageMs: () => performance.now() - freshAtMs,
    async close() {
      await follower.close();
      shown.end();
    },
  };
}

/**
 * Looks after each wake-up, and at intervals; never twice at a time. What a wake-up promises may
 * come into the tables a moment later: it is looked for until it is there, or a while is over.
 */
function followWakeups(
  { wakeups, log }: { readonly wakeups: StartWakeups | null; readonly log: AdapterLog },
  look: () => Promise<number>,
): { close(): Promise<void> } {
  const closing = new AbortController();
  let running: Promise<void> | null = null;
  let isDue = false;
  let promised = 0;
  let untilMs = 0;

  const wake = (height: number): void => {
    if (closing.signal.aborted) return;
    if (height > promised) promised = height;
    if (height > 0) untilMs = performance.now() + LOOK_FOR_MS;
    isDue = true;
    running ??= run();
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      isDue = false;
      const height = await look().catch((error: unknown) => {
        log.warn({ err: error }, 'the visible height cannot be read');
        return null;
      });
      if (isDue) continue;
      if (height === null || height >= promised || performance.now() > untilMs) break;
      await sleep(LOOK_AGAIN_MS, null, { signal: closing.signal }).catch(() => null);
    }
    promised = 0; // it may have been invented
    running = null;
  };
  const timer = setInterval(() => wake(0), wakeups === null ? POLL_MS_ALONE : POLL_MS);
  const source = wakeups?.(wake);
  return {
    async close() {
      closing.abort();
      clearInterval(timer);
      await source?.close();
      await running;
    },
  };
}
