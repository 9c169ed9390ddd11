import type pg from 'pg';
import type { Checkpoint } from '../../projections/ports.js';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { type Generation, listGenerations } from '../postgres/generations.js';
import { projectionContent, qualified } from '../postgres/projectionSql.js';
import { readCheckpoints } from '../postgres/projectionStore.js';
import { planViews } from '../postgres/projectionViews.js';
import { measureProgress } from './foldProgress.js';

/** A generation as an operator sees it. */
export interface GenerationStatus extends Generation {
  /** Lowest checkpoint. */
  readonly height: number;
  /** Part of the log that is in its tables, by records; 0 to 1. */
  readonly share: number;
  /** Age of the block time at `height`; null before the first block. */
  readonly lagMs: number | null;
  readonly sizeBytes: number;
  /** Owners that hold sources of it and said lately that they live. */
  readonly projectors: readonly string[];
  /** Of this program's, while readers see others: what somebody has to move before they can. */
  readonly obstacles: readonly string[];
}

/** All generations of a database, the oldest first. @throws PostgresError, LogError */
export async function readGenerationStatus(options: {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly genesis: Genesis;
}): Promise<readonly GenerationStatus[]> {
  const { pool, log, genesis } = options;
  const timer = { nowMs: () => Date.now(), after: () => () => {} };
  const all: GenerationStatus[] = [];
  const generations = await listGenerations(pool);
  for (const generation of generations) {
    const { schema, content, state } = generation;
    const checkpoints = await readCheckpoints(pool, schema, 0);
    const progress = measureProgress({ reader: log.reader, genesis, timer });
    const { share, height } = await progress(checkpoints);
    const { sizeBytes, projectors } = await readSizes(pool, schema);
    const isOwn = content === projectionContent();
    const plan =
      isOwn && state !== 'active' ? await planViews(pool, schema, generations) : undefined;
    const obstacles = plan?.obstacles ?? [];
    all.push({
      ...{ ...generation, height, share, lagMs: lagOf(checkpoints), sizeBytes, projectors },
      obstacles,
    });
  }
  return all;
}

function lagOf(checkpoints: readonly Checkpoint[]): number | null {
  const blocks = checkpoints.find(({ partition }) => partition < 0);
  if (blocks === undefined || blocks.height === 0) return null;
  return Math.max(0, Date.now() - blocks.timestampMs);
}

async function readSizes(
  pool: pg.Pool,
  schema: string,
): Promise<{ readonly sizeBytes: number; readonly projectors: readonly string[] }> {
  const { rows } = await pool.query<{ bytes: string }>(
    `select coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint as bytes
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where nspname = $1 and relkind = 'r'`,
    [schema],
  );
  const { rows: owners } = await pool.query<{ owner: string }>(
    `select distinct owner from ${qualified(schema, 'leases')}
     where expires_at > now() order by owner`,
  );
  return {
    sizeBytes: Number(rows[0]?.bytes ?? 0),
    projectors: owners.map(({ owner }) => owner),
  };
}
