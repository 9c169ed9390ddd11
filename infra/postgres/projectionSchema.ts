import type pg from 'pg';
import { BLOCKS_PARTITION, type Checkpoint } from '../../projections/ports.js';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { withTransaction } from './connection.js';
import {
  ensureGenerations,
  type Generation,
  listGenerations,
  nextSchema,
  ownGeneration,
  recordGeneration,
} from './generations.js';
import {
  qualified,
  quote,
  schemaSql,
  seenNames,
  storedTables,
  TAKEN_NAMES,
} from './projectionSql.js';
import { makeViews, planViews } from './projectionViews.js';

/** The tables of this schema were folded from another chain's log. */
export class ProjectionChainError extends Error {
  override readonly name = 'ProjectionChainError';
  readonly code = 'otherChain';
  readonly retriable = false;
}

/** Any number, the same for all projectors of a database: who makes or moves tables holds it. */
const GENERATION_LOCK = 0x6e756c6c;

/**
 * One at a time makes, swaps or removes generations. Held until the transaction ends, which waits
 * for the disk, unlike those of rows: no log tells a projector again which tables there were.
 */
export async function lockGenerations(client: pg.ClientBase): Promise<void> {
  await client.query('set local synchronous_commit = on');
  await client.query('select pg_advisory_xact_lock($1)', [GENERATION_LOCK]);
}

/** Where every source of a shard stands before its first record. */
function genesisCheckpoints(genesis: Genesis, shard: number): Checkpoint[] {
  const tip = genesisTip(genesis, shard);
  const none = new Uint8Array(0);
  const events = Array.from({ length: genesis.eventPartitions }, (_, partition) => ({
    ...{ shard, partition, height: 0, lastEventHeight: 0, blockDigest: none, seed: none },
    ...{ resultDigest: tip.resultDigest, timestampMs: tip.timestampMs, position: 0n },
  }));
  const blocks = { ...tip, shard, partition: BLOCKS_PARTITION, lastEventHeight: 0, position: 0n };
  return [blocks, ...events];
}

async function insertCheckpoints(
  client: pg.ClientBase,
  schema: string,
  checkpoints: Checkpoint[],
): Promise<void> {
  for (const at of checkpoints) {
    await client.query(
      `insert into ${qualified(schema, 'checkpoints')} (shard, partition, height,
         last_event_height, block_digest, result_digest, seed, timestamp_ms, position)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[at.shard, at.partition, at.height, at.lastEventHeight],
        ...[Buffer.from(at.blockDigest), Buffer.from(at.resultDigest), Buffer.from(at.seed)],
        ...[at.timestampMs, at.position.toString()],
      ],
    );
  }
}

function checkNames(): void {
  const names = [...TAKEN_NAMES, ...seenNames];
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  assert(twice.length === 0, `more than one table or view is called ${twice.join(', ')}`);
}

/** Found here, and not when everything is folded and the tables are put behind the views. */
async function checkMade(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest($2::text[]) as name where not exists (
       select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
       where nspname = $1 and relname = name and relkind in ('r', 'p', 'v', 'm'))`,
    [schema, seenNames],
  );
  const missing = rows.map(({ name }) => name).join(', ');
  assert(missing === '', `read models name ${missing}, which no table.sql makes`);
}

async function makeTables(client: pg.ClientBase, schema: string, genesis: Genesis): Promise<void> {
  checkNames();
  await client.query(`create schema ${quote(schema)}`);
  await client.query(`set local search_path to ${quote(schema)}`);
  await client.query(schemaSql());
  await client.query('set local search_path to default');
  await checkMade(client, schema);
  await client.query(
    `insert into ${qualified(schema, 'projection')} (chain_id, shards, event_partitions)
     values ($1, $2, $3)`,
    [Buffer.from(chainIdOf(genesis)), genesis.shards, genesis.eventPartitions],
  );
  for (let shard = 0; shard < genesis.shards; shard++) {
    await insertCheckpoints(client, schema, genesisCheckpoints(genesis, shard));
  }
}

async function checkChain(
  client: pg.ClientBase,
  { schema }: Generation,
  genesis: Genesis,
): Promise<void> {
  const { rows } = await client.query<{ chain_id: Buffer; event_partitions: number }>(
    `select chain_id, event_partitions from ${qualified(schema, 'projection')}`,
  );
  const found = present(rows[0], 'the row of table projection');
  const chainId = chainIdOf(genesis);
  if (equalBytes(found.chain_id, chainId)) return;
  throw new ProjectionChainError(
    `schema ${schema} holds tables of chain ${toHex(found.chain_id).slice(0, 16)}, ` +
      `not of ${toHex(chainId).slice(0, 16)}; use another database, or drop schemas ` +
      `${schema} and ${VIEW_SCHEMA}`,
  );
}

/**
 * The schema that a projector of this program folds into, made where it is missing; one projector
 * does, the others wait for it. The first of a database is active at once; one beside tables of
 * another version is built, and takes their place when it has caught up (`generationSwap.ts`).
 * @throws PostgresError, ProjectionChainError, ViewObstacleError
 */
export async function prepareProjections(pool: pg.Pool, genesis: Genesis): Promise<string> {
  return withTransaction(pool, async (client) => {
    await lockGenerations(client);
    await ensureGenerations(client);
    const all = await listGenerations(client);
    const active = all.find(({ state }) => state === 'active');
    if (active !== undefined) await checkChain(client, active, genesis);
    const own = ownGeneration(all);
    if (own !== null) return own.schema;
    const schema = nextSchema(all);
    await makeTables(client, schema, genesis);
    await recordGeneration(client, schema, active === undefined ? 'active' : 'building', false);
    if (active === undefined) {
      await makeViews(client, schema, await planViews(client, schema, all));
    }
    return schema;
  });
}

/** An empty generation beside the active one, without the indexes that can be made at its end. */
export async function makeBareGeneration(pool: pg.Pool, genesis: Genesis): Promise<string> {
  return withTransaction(pool, async (client) => {
    await lockGenerations(client);
    await ensureGenerations(client);
    const all = await listGenerations(client);
    for (const generation of all) {
      if (generation.state === 'active') await checkChain(client, generation, genesis);
    }
    const schema = nextSchema(all);
    await makeTables(client, schema, genesis);
    await deferIndexes(client, schema);
    await recordGeneration(client, schema, 'building', true);
    return schema;
  });
}

/** Sets aside what only slows COPY down: all but the keys by which rows merge. */
async function deferIndexes(client: pg.ClientBase, schema: string): Promise<void> {
  const deferred = qualified(schema, 'deferred_indexes');
  const append = storedTables.filter(({ kind }) => kind === 'append').map(({ name }) => name);
  const all = storedTables.map(({ name }) => name);
  await client.query(`create table ${deferred} (place integer not null primary key,
    definition text not null)`);
  const { rows } = await client.query<{ drop: string; definition: string }>(
    `select
       case when con.oid is null then format('drop index %I.%I', $1::text, index.relname)
         else format('alter table %I.%I drop constraint %I', $1::text, tab.relname, con.conname)
       end as drop,
       case when con.oid is null then pg_get_indexdef(index.oid)
         else format('alter table %I.%I add constraint %I %s', $1::text, tab.relname,
           con.conname, pg_get_constraintdef(con.oid))
       end as definition
     from pg_index
     join pg_class as index on index.oid = indexrelid
     join pg_class as tab on tab.oid = indrelid
     join pg_namespace on pg_namespace.oid = tab.relnamespace
     left join pg_constraint as con on con.conindid = index.oid
     where nspname = $1 and tab.relname = any($2::text[])
       and (con.oid is null or tab.relname = any($3::text[]))
     order by tab.relname, index.relname`,
    [schema, all, append],
  );
  for (const [place, { drop, definition }] of rows.entries()) {
    await client.query(`insert into ${deferred} values ($1, $2)`, [place, definition]);
    await client.query(drop);
  }
}
