import type pg from 'pg';
import type { Checkpoint, ProjectionStore } from '../../projections/ports.js';
import { PROJECTION_STATEMENT_MS_MAX } from '../../schemas/limits.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { CopyRows } from './binaryRows.js';
import { commitRows } from './commitRows.js';
import { type AdapterLog, createPool } from './connection.js';
import { isUnprojected, toPostgresError } from './errors.js';
import { swapGeneration } from './generationSwap.js';
import { type Generation, listGenerations, mayReplace, ownGeneration } from './generations.js';
import { acquireLeases, releaseLeases } from './projectionLeases.js';
import { prepareProjections } from './projectionSchema.js';
import { qualified } from './projectionSql.js';
import { ViewObstacleError } from './projectionViews.js';
import { forgetRowTypes } from './rowTypes.js';

export interface OpenProjectionStore extends ProjectionStore {
  /** What somebody has to move before readers can see the tables; null when nothing is known. */
  obstacle(): string | null;
  close(): Promise<void>;
}

interface CheckpointRow {
  readonly shard: number;
  readonly partition: number;
  readonly height: string;
  readonly last_event_height: string;
  readonly block_digest: Buffer;
  readonly result_digest: Buffer;
  readonly seed: Buffer;
  readonly timestamp_ms: string;
  readonly position: string;
}

function checkpointOf(row: CheckpointRow): Checkpoint {
  return {
    shard: row.shard,
    partition: row.partition,
    height: Number(row.height),
    lastEventHeight: Number(row.last_event_height),
    blockDigest: new Uint8Array(row.block_digest),
    resultDigest: new Uint8Array(row.result_digest),
    seed: new Uint8Array(row.seed),
    timestampMs: Number(row.timestamp_ms),
    position: BigInt(row.position),
  };
}

/** Of all sources of a shard, ascending. @throws PostgresError */
export async function readCheckpoints(
  pool: pg.Pool,
  schema: string,
  shard: number,
): Promise<readonly Checkpoint[]> {
  const checkpoints = qualified(schema, 'checkpoints');
  const text = `select * from ${checkpoints} where shard = $1 order by partition`;
  const { rows } = await pool.query<CheckpointRow>(text, [shard]).catch((error: unknown) => {
    throw toPostgresError(error);
  });
  return rows.map(checkpointOf);
}

/**
 * Plans do not depend on how many rows an array holds; the server would plan anew to see that. No
 * commit waits for the disk: what a server forgets that breaks down is folded from the log again.
 */
export const PROJECTION_SETTINGS =
  '-c plan_cache_mode=force_generic_plan -c synchronous_commit=off';

function withSettings(url: string): string {
  const settled = new URL(url);
  const given = settled.searchParams.get('options');
  const own = PROJECTION_SETTINGS;
  settled.searchParams.set('options', given === null ? own : `${given} ${own}`);
  return settled.href;
}

/**
 * Where a projector folds. Tables that another process has built and put behind the views are gone
 * on with: a session folded from the old ones finds other checkpoints, and starts again from the
 * new. Tables of ours beside those of an older version take their place once they are not behind;
 * beside those of a newer one, or that an operator chose over ours, they are only filled.
 */
class FollowedGenerations {
  readonly #pool: pg.Pool;
  readonly #log: AdapterLog;
  #schema: string;
  /** The active one that it has said it is beside. */
  #said: string | null = null;
  #obstacle: string | null = null;

  constructor(pool: pg.Pool, log: AdapterLog, schema: string) {
    this.#pool = pool;
    this.#log = log;
    this.#schema = schema;
  }

  obstacle(): string | null {
    return this.#obstacle;
  }

  /** Looks where `owner` folds from now on, and lets go of where it did. */
  async follow(shard: number, owner: string): Promise<string> {
    const all = await listGenerations(this.#pool);
    const own = ownGeneration(all, this.#schema);
    if (own === null) return this.#schema;
    if (own.state === 'active') this.#obstacle = null;
    else {
      await this.#replace(
        all.find(({ state }) => state === 'active'),
        own,
      );
    }
    if (own.schema !== this.#schema) await this.#moveTo(own.schema, shard, owner);
    return own.schema;
  }

  async #replace(active: Generation | undefined, own: Generation): Promise<void> {
    const { schema } = own;
    if (!mayReplace(active, own)) {
      if (this.#said !== active?.schema) {
        const beside = active?.isPinned ? 'that an operator chose' : 'of no older version';
        this.#log.warn({ schema, active: active?.schema }, `readers see other tables, ${beside}`);
      }
      this.#said = active?.schema ?? null;
      this.#obstacle = null;
      return;
    }
    try {
      const outcome = await swapGeneration(this.#pool, schema, 'projector');
      this.#obstacle = null;
      if (outcome === 'swapped') this.#log.info({ schema }, 'readers see these tables now');
    } catch (error) {
      if (!(error instanceof ViewObstacleError)) throw error;
      // Folding goes on: once it is moved, readers see tables that are at the end of the log.
      if (this.#obstacle !== error.message) this.#log.error({ schema }, error.message);
      this.#obstacle = error.message;
    }
  }

  async #moveTo(schema: string, shard: number, owner: string): Promise<void> {
    this.#log.info({ from: this.#schema, to: schema }, 'other tables from now on');
    // The name of tables that were dropped is given to others.
    forgetRowTypes(this.#pool);
    await releaseLeases(this.#pool, this.#schema, shard, owner).catch((error: unknown) => {
      if (!isUnprojected(error)) throw error;
    });
    this.#schema = schema;
  }
}

/**
 * The tables of a chain in a Postgres database, made when missing. The log may live in the same
 * database. @throws PostgresError, ProjectionChainError, ViewObstacleError
 */
export async function openProjectionStore(options: {
  readonly url: string;
  readonly genesis: Genesis;
  readonly log: AdapterLog;
  readonly applicationName?: string;
  /** Tables to fold into, whatever readers see; default those of this program's version. */
  readonly schema?: string;
  /** Default PROJECTION_STATEMENT_MS_MAX. */
  readonly statementTimeoutMs?: number;
}): Promise<OpenProjectionStore> {
  const { url, genesis, log, applicationName = 'nullspace projector' } = options;
  // One connection writes, another renews the leases while that transaction runs.
  const pool = createPool({
    ...{ url: withSettings(url), applicationName, log, max: 3 },
    statementTimeoutMs: options.statementTimeoutMs ?? PROJECTION_STATEMENT_MS_MAX,
  });
  let schema = options.schema ?? '';
  try {
    if (options.schema === undefined) schema = await prepareProjections(pool, genesis);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const followed = new FollowedGenerations(pool, log, schema);
  return {
    obstacle: () => followed.obstacle(),
    acquireLeases: async (shard, owner, ttlMs) => {
      if (options.schema === undefined) schema = await followed.follow(shard, owner);
      return acquireLeases(pool, schema, shard, owner, ttlMs);
    },
    releaseLeases: (shard, owner) => releaseLeases(pool, schema, shard, owner),
    checkpoints: (shard) => readCheckpoints(pool, schema, shard),
    pack: (table) => new CopyRows(table),
    commit: (commits) => commitRows(pool, schema, commits),
    close: () => pool.end(),
  };
}
