import type pg from 'pg';
import {
  type Checkpoint,
  type ProjectionStore,
  type SourceCommit,
  ZombieWriterError,
} from '../../projections/ports.js';
import { readModels, VISIBLE_CHANNEL } from '../../projections/readModels.js';
import { present } from '../../schemas/kernel/assert.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { type AdapterLog, createPool, withTransaction } from './connection.js';
import { toPostgresError } from './errors.js';
import { acquireLeases, releaseLeases } from './projectionLeases.js';
import { prepareProjections } from './projectionSchema.js';
import { qualified } from './projectionSql.js';
import { writeRows } from './writeRows.js';

export interface OpenProjectionStore extends ProjectionStore {
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

async function readCheckpoints(pool: pg.Pool, shard: number): Promise<readonly Checkpoint[]> {
  const text = `select * from ${qualified('checkpoints')} where shard = $1 order by partition`;
  const { rows } = await pool.query<CheckpointRow>(text, [shard]).catch((error: unknown) => {
    throw toPostgresError(error);
  });
  return rows.map(checkpointOf);
}

/** Locks the checkpoints, in one order for all, and compares them with what was folded from. */
async function lockCheckpoints(
  client: pg.ClientBase,
  commits: readonly SourceCommit[],
): Promise<void> {
  const { shard } = present(commits[0], 'a commit');
  const { rows } = await client.query<{ partition: number; height: string }>({
    name: 'lock checkpoints',
    text: `select partition, height from ${qualified('checkpoints')}
           where shard = $1 and partition = any($2::integer[]) order by partition for update`,
    values: [shard, commits.map(({ partition }) => partition)],
  });
  const heights = new Map(rows.map(({ partition, height }) => [partition, Number(height)]));
  for (const { partition, fromHeight } of commits) {
    if (heights.get(partition) !== fromHeight) throw new ZombieWriterError(partition, fromHeight);
  }
}

async function moveCheckpoints(
  client: pg.ClientBase,
  commits: readonly SourceCommit[],
): Promise<void> {
  const { shard } = present(commits[0], 'a commit');
  const to = commits.map(({ checkpoint }) => checkpoint);
  const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;
  await client.query({
    name: 'move checkpoints',
    text: `update ${qualified('checkpoints')} as kept
           set height = moved.height, last_event_height = moved.last_event_height,
               block_digest = moved.block_digest::bytea,
               result_digest = moved.result_digest::bytea, seed = moved.seed::bytea,
               timestamp_ms = moved.timestamp_ms, position = moved.position
           from unnest($2::integer[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                       $7::text[], $8::bigint[], $9::bigint[])
             as moved (partition, height, last_event_height, block_digest, result_digest, seed,
                       timestamp_ms, position)
           where kept.shard = $1 and kept.partition = moved.partition`,
    values: [
      shard,
      to.map(({ partition }) => partition),
      to.map(({ height }) => height),
      to.map(({ lastEventHeight }) => lastEventHeight),
      to.map(({ blockDigest }) => hex(blockDigest)),
      to.map(({ resultDigest }) => hex(resultDigest)),
      to.map(({ seed }) => hex(seed)),
      to.map(({ timestampMs }) => timestampMs),
      to.map(({ position }) => position.toString()),
    ],
  });
}

/** Wakes readers after the commit; they read the height themselves, so the payload is a hint. */
async function notifyVisible(client: pg.ClientBase, shard: number): Promise<void> {
  await client.query({
    name: 'notify visible',
    text: `select pg_notify('${VISIBLE_CHANNEL}', min(height)::text)
           from ${qualified('checkpoints')} where shard = $1`,
    values: [shard],
  });
}

async function commitAll(pool: pg.Pool, commits: readonly SourceCommit[]): Promise<void> {
  const [first] = commits;
  if (first === undefined) return;
  const batches = commits.map(({ rows }) => rows);
  await withTransaction(pool, async (client) => {
    await lockCheckpoints(client, commits);
    for (const { tables } of readModels) {
      for (const table of tables) await writeRows(client, table, batches);
    }
    await moveCheckpoints(client, commits);
    await notifyVisible(client, first.shard);
  });
}

/**
 * The tables of a chain in a Postgres database, made when missing. The log may live in the same
 * database. @throws PostgresError, ProjectionChainError
 */
export async function openProjectionStore(options: {
  readonly url: string;
  readonly genesis: Genesis;
  readonly log: AdapterLog;
  readonly applicationName?: string;
}): Promise<OpenProjectionStore> {
  const { url, genesis, log, applicationName = 'nullspace projector' } = options;
  // One connection writes, another renews the leases while that transaction runs.
  const pool = createPool({ url, applicationName, log, max: 3 });
  try {
    await prepareProjections(pool, genesis);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    acquireLeases: (shard, owner, ttlMs) => acquireLeases(pool, shard, owner, ttlMs),
    releaseLeases: (shard, owner) => releaseLeases(pool, shard, owner),
    checkpoints: (shard) => readCheckpoints(pool, shard),
    commit: (commits) => commitAll(pool, commits),
    close: () => pool.end(),
  };
}
