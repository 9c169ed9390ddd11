import type pg from 'pg';
import { VISIBLE_CHANNEL } from '../../projections/readModels.js';
import { present } from '../../schemas/kernel/assert.js';
import { PROJECTION_SWAP_ATTEMPTS_MAX } from '../../schemas/limits.js';
import { withTransaction } from './connection.js';
import { PostgresError, toPostgresError } from './errors.js';
import {
  activateGeneration,
  type Chooser,
  ensureGenerations,
  forgetGeneration,
  type Generation,
  listGenerations,
  markIndexed,
  mayReplace,
  retireGeneration,
} from './generations.js';
import { lockGenerations } from './projectionSchema.js';
import { projectionContent, qualified, storedTables } from './projectionSql.js';
import { makeViews, planViews, ViewObstacleError } from './projectionViews.js';

/** Below the server's deadlock_timeout: whoever reads goes first, the swap gives up and retries. */
const LOCK_TIMEOUT_MS = 200;
const RETRY_MS = 100;
/**
 * What sorting for an index may take. Postgres gives each process that takes part 32 MB or does
 * without it: its default of 64 MB is enough for one beside the first, and spills a million keys.
 */
const INDEX_MEMORY = '256MB';

/** `not newer`: what a projector may not take the place of unasked (`mayReplace`). */
export type SwapOutcome =
  | 'swapped'
  | 'active already'
  | 'behind'
  | 'not indexed'
  | 'mismatched'
  | 'not newer'
  | 'unknown';

/** For this transaction, unless the server is set to more. */
async function allowIndexMemory(client: pg.ClientBase): Promise<void> {
  await client.query(
    `select set_config('maintenance_work_mem', $1, true)
     where pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes($1)`,
    [INDEX_MEMORY],
  );
}

/** Makes the indexes that a bare generation was built without, one a transaction, and ANALYZEs. */
export async function finishIndexes(
  pool: pg.Pool,
  schema: string,
  say: (definition: string) => void = () => {},
): Promise<void> {
  const deferred = qualified(schema, 'deferred_indexes');
  const { rows } = await pool.query<{ place: number; definition: string }>(
    `select place, definition from ${deferred} order by place`,
  );
  for (const { place, definition } of rows) {
    say(definition);
    await withTransaction(pool, async (client) => {
      await allowIndexMemory(client);
      await client.query(definition);
      await client.query(`delete from ${deferred} where place = $1`, [place]);
    });
  }
  for (const { name } of storedTables) await pool.query(`analyze ${qualified(schema, name)}`);
  await withTransaction(pool, async (client) => {
    await client.query(`drop table ${deferred}`);
    await markIndexed(client, schema);
  });
}

/** Heights of a schema by shard: the lowest checkpoint, which its readers would see. */
async function visibleHeights(
  client: pg.ClientBase,
  schema: string,
  lock: '' | 'for update',
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await client.query<{ shard: number; height: string }>(
    `select shard, height from ${qualified(schema, 'checkpoints')} order by shard, partition ${lock}`,
  );
  const heights = new Map<number, number>();
  for (const { shard, height } of rows) {
    heights.set(shard, Math.min(heights.get(shard) ?? Number.MAX_SAFE_INTEGER, Number(height)));
  }
  return heights;
}

/** An operator's choice holds against all versions that were there when he made it, and later. */
function isPinnedBy(
  chooser: Chooser,
  next: Generation,
  active: Generation | undefined,
  all: readonly Generation[],
): boolean {
  if (chooser === 'projector') return false;
  if (all.some(({ version }) => version > next.version)) return true;
  // Made anew, or swapped for equal ones: what they were chosen over may be gone meanwhile.
  return active?.isPinned === true && next.version <= active.version;
}

async function swapOnce(
  client: pg.ClientBase,
  schema: string,
  chosenBy: Chooser,
): Promise<SwapOutcome> {
  await client.query(`set local lock_timeout to ${LOCK_TIMEOUT_MS}`);
  await lockGenerations(client);
  await ensureGenerations(client);
  const all = await listGenerations(client);
  const next = all.find((generation) => generation.schema === schema);
  if (next === undefined) return 'unknown';
  if (next.state === 'active') return 'active already';
  if (next.isBare) return 'not indexed';
  if (next.mismatch !== null) return 'mismatched';
  const active = all.find(({ state }) => state === 'active');
  if (chosenBy === 'projector' && !mayReplace(active, next)) return 'not newer';
  const plan = await planViews(client, schema, all);
  if (plan.obstacles.length > 0) throw new ViewObstacleError(schema, plan.obstacles);
  const heights = await visibleHeights(client, schema, '');
  if (active !== undefined) {
    // Locked, so that what readers see of it cannot rise before they see the other.
    const seen = await visibleHeights(client, active.schema, 'for update');
    for (const [shard, height] of seen) if ((heights.get(shard) ?? 0) < height) return 'behind';
    await retireGeneration(client, active.schema);
  }
  await makeViews(client, schema, plan);
  const isPinned = isPinnedBy(chosenBy, next, active, all);
  await activateGeneration(client, schema, { chosenBy, isPinned });
  const height = present([...heights.values()][0], 'a shard');
  await client.query('select pg_notify($1, $2)', [VISIBLE_CHANNEL, String(height)]);
  return 'swapped';
}

/**
 * Puts a generation behind the views in one transaction, if it is not behind the one that is there:
 * no reader ever sees a height go down. An operator may choose any, which is recorded. Readers are
 * not made to wait for long; while they hold the views, it tries again.
 * @throws PostgresError, ViewObstacleError
 */
export async function swapGeneration(
  pool: pg.Pool,
  schema: string,
  chosenBy: Chooser,
): Promise<SwapOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withTransaction(pool, (client) => swapOnce(client, schema, chosenBy));
    } catch (error) {
      const isHeld = error instanceof PostgresError && error.code === 'contention';
      if (!isHeld || attempt >= PROJECTION_SWAP_ATTEMPTS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** What no program goes on with: this one's own that are whole a projector or an operator may. */
function isAbandoned({ content, isBare, mismatch }: Generation): boolean {
  return isBare || mismatch !== null || content !== projectionContent();
}

/** Generations that another has replaced, or that were begun and left, for at least so long. */
export function prunable(
  all: readonly Generation[],
  graceMs: number,
  nowMs: number,
): readonly Generation[] {
  return all.filter(
    (each) =>
      (each.state === 'retired' || (each.state === 'building' && isAbandoned(each))) &&
      nowMs - each.changedAtMs >= graceMs,
  );
}

/** Says that somebody builds this schema, until it is released or dies. @throws PostgresError */
export async function holdGeneration(pool: pg.Pool, schema: string): Promise<pg.PoolClient> {
  try {
    const client = await pool.connect();
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [schema]);
    return client;
  } catch (error) {
    throw toPostgresError(error);
  }
}

/** Others may have the schema at once: an ended connection's locks stay for a moment. */
export async function releaseGeneration(holder: pg.PoolClient): Promise<void> {
  // One that is broken holds nothing any more.
  await holder.query('select pg_advisory_unlock_all()').catch(() => undefined);
  holder.release(true);
}

/** Whether nobody holds it; within a transaction, nobody can until that ends. */
async function isFree(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(
    'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as free',
    [schema],
  );
  return rows[0]?.free === true;
}

/** Whether somebody builds this schema. @throws PostgresError */
export async function isHeld(pool: pg.Pool, schema: string): Promise<boolean> {
  return withTransaction(pool, async (client) => !(await isFree(client, schema)));
}

/** Whether a projector that lives fills it. */
async function isFilled(client: pg.ClientBase, schema: string): Promise<boolean> {
  const leases = qualified(schema, 'leases');
  // Somebody may have dropped the schema by hand.
  const { rows: found } = await client.query('select to_regclass($1) is not null as made', [
    leases,
  ]);
  if (found[0]?.made !== true) return false;
  const { rows } = await client.query<{ filled: boolean }>(
    `select exists (select from ${leases} where expires_at > now()) as filled`,
  );
  return rows[0]?.filled === true;
}

export type DropOutcome = 'dropped' | 'active' | 'held' | 'filled' | 'unknown';

/** Drops tables that no reader sees and nobody builds or fills. @throws PostgresError */
export async function dropGeneration(pool: pg.Pool, schema: string): Promise<DropOutcome> {
  return withTransaction(pool, async (client) => {
    await lockGenerations(client);
    const all = await listGenerations(client);
    const found = all.find((generation) => generation.schema === schema);
    if (found === undefined) return 'unknown';
    if (found.state === 'active') return 'active';
    if (!(await isFree(client, schema))) return 'held';
    if (await isFilled(client, schema)) return 'filled';
    await forgetGeneration(client, schema);
    return 'dropped';
  });
}

/**
 * Drops what is prunable and what nobody builds or fills: tables that were replaced, that another
 * version began and left, that a rebuild found to differ or left without indexes. Returns their
 * schemas. @throws PostgresError
 */
export async function pruneGenerations(pool: pg.Pool, graceMs: number): Promise<readonly string[]> {
  return withTransaction(pool, async (client) => {
    await lockGenerations(client);
    const pruned: string[] = [];
    for (const { schema } of prunable(await listGenerations(client), graceMs, Date.now())) {
      if (!(await isFree(client, schema)) || (await isFilled(client, schema))) continue;
      await forgetGeneration(client, schema);
      pruned.push(schema);
    }
    return pruned;
  });
}
