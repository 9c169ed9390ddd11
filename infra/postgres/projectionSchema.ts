import type pg from 'pg';
import { BLOCKS_PARTITION, type Checkpoint } from '../../projections/ports.js';
import { PROJECTION_SCHEMA, readModels, VIEW_SCHEMA } from '../../projections/readModels.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { withTransaction } from './connection.js';
import { qualified, quote, schemaSql } from './projectionSql.js';

/** The tables of this schema were folded from another chain's log. */
export class ProjectionChainError extends Error {
  override readonly name = 'ProjectionChainError';
  readonly code = 'otherChain';
  readonly retriable = false;
}

/** Any number, the same for all projectors of a database: who makes the tables holds it. */
const MIGRATION_LOCK = 0x6e756c6c;

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

async function insertCheckpoints(client: pg.ClientBase, checkpoints: Checkpoint[]): Promise<void> {
  for (const at of checkpoints) {
    await client.query(
      `insert into ${qualified('checkpoints')} (shard, partition, height, last_event_height,
         block_digest, result_digest, seed, timestamp_ms, position)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[at.shard, at.partition, at.height, at.lastEventHeight],
        ...[Buffer.from(at.blockDigest), Buffer.from(at.resultDigest), Buffer.from(at.seed)],
        ...[at.timestampMs, at.position.toString()],
      ],
    );
  }
}

async function makeTables(client: pg.ClientBase, genesis: Genesis): Promise<void> {
  await client.query(`create schema ${quote(PROJECTION_SCHEMA)}`);
  await client.query(`set local search_path to ${quote(PROJECTION_SCHEMA)}`);
  await client.query(schemaSql());
  await client.query(
    `insert into ${qualified('projection')} (chain_id, shards, event_partitions)
     values ($1, $2, $3)`,
    [Buffer.from(chainIdOf(genesis)), genesis.shards, genesis.eventPartitions],
  );
  for (let shard = 0; shard < genesis.shards; shard++) {
    await insertCheckpoints(client, genesisCheckpoints(genesis, shard));
  }
}

/** Analysts see the comments of a table on its view too. */
async function copyComments(client: pg.ClientBase, name: string): Promise<void> {
  const { rows } = await client.query<{ attname: string | null; description: string }>(
    `select attname, description from pg_description
     left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
     where objoid = $1::regclass and classoid = 'pg_class'::regclass order by objsubid`,
    [qualified(name)],
  );
  const view = `${quote(VIEW_SCHEMA)}.${quote(name)}`;
  for (const { attname, description } of rows) {
    const target = attname === null ? `view ${view}` : `column ${view}.${quote(attname)}`;
    await client.query(`comment on ${target} is ${quoteText(description)}`);
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Readers and analysts use these names, whichever version of the tables is behind them. */
async function makeViews(client: pg.ClientBase): Promise<void> {
  await client.query(`create schema if not exists ${quote(VIEW_SCHEMA)}`);
  const tables = readModels.flatMap((model) => model.tables.map(({ name }) => name));
  for (const name of [...tables, 'checkpoints', 'visible_height']) {
    const view = `${quote(VIEW_SCHEMA)}.${quote(name)}`;
    await client.query(`drop view if exists ${view}`);
    await client.query(`create view ${view} as select * from ${qualified(name)}`);
    await copyComments(client, name);
  }
}

async function checkChain(client: pg.ClientBase, genesis: Genesis): Promise<void> {
  const { rows } = await client.query<{ chain_id: Buffer; event_partitions: number }>(
    `select chain_id, event_partitions from ${qualified('projection')}`,
  );
  const found = present(rows[0], 'the row of table projection');
  const chainId = chainIdOf(genesis);
  if (equalBytes(found.chain_id, chainId)) return;
  throw new ProjectionChainError(
    `schema ${PROJECTION_SCHEMA} holds tables of chain ${toHex(found.chain_id).slice(0, 16)}, ` +
      `not of ${toHex(chainId).slice(0, 16)}; use another database, or drop that schema`,
  );
}

/**
 * Makes schema, tables, views and first checkpoints where they are missing; one projector does, the
 * others wait for it. @throws PostgresError, ProjectionChainError
 */
export async function prepareProjections(pool: pg.Pool, genesis: Genesis): Promise<void> {
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const { rows } = await client.query('select to_regclass($1) is not null as made', [
      qualified('projection'),
    ]);
    if (rows[0]?.made === true) return checkChain(client, genesis);
    await makeTables(client, genesis);
    await makeViews(client);
  });
}
