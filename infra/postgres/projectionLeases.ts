import type pg from 'pg';
import { withTransaction } from './connection.js';
import { qualified } from './projectionSql.js';

/** Serialises whoever shares out sources; any number, with the shard as the second half. */
const LEASE_LOCK = 0x6c656173;

async function beginSharing(client: pg.ClientBase, shard: number): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1, $2)', [LEASE_LOCK, shard]);
}

async function sayAlive(
  client: pg.ClientBase,
  schema: string,
  owner: string,
  ttlMs: number,
): Promise<number> {
  const projectors = qualified(schema, 'projectors');
  await client.query(`delete from ${projectors} where expires_at < now()`);
  await client.query(
    `insert into ${projectors} (owner, expires_at) values ($1, now() + $2 * interval '1 ms')
     on conflict (owner) do update set expires_at = excluded.expires_at`,
    [owner, ttlMs],
  );
  const { rows } = await client.query(`select count(*)::integer as living from ${projectors}`);
  return rows[0].living;
}

/**
 * Equal shares by row leases: each living owner keeps at most ceil(sources / living), gives the
 * rest up and takes what is free. Shares settle within one renewal of everybody.
 */
export function acquireLeases(
  pool: pg.Pool,
  schema: string,
  shard: number,
  owner: string,
  ttlMs: number,
): Promise<readonly number[]> {
  const leases = qualified(schema, 'leases');
  return withTransaction(pool, async (client) => {
    await beginSharing(client, shard);
    const living = await sayAlive(client, schema, owner, ttlMs);
    await client.query(`delete from ${leases} where shard = $1 and expires_at < now()`, [shard]);
    const { rows: sources } = await client.query<{ partition: number; owner: string | null }>(
      `select partition, owner from ${qualified(schema, 'checkpoints')}
       left join ${leases} using (shard, partition) where shard = $1 order by partition`,
      [shard],
    );
    const share = Math.ceil(sources.length / living);
    const mine = sources.filter((source) => source.owner === owner);
    const free = sources.filter((source) => source.owner === null);
    const held = [...mine, ...free].slice(0, share).map(({ partition }) => partition);
    await client.query(`delete from ${leases} where shard = $1 and owner = $2`, [shard, owner]);
    await client.query(
      `insert into ${leases} (shard, partition, owner, expires_at)
       select $1, unnest($2::integer[]), $3, now() + $4 * interval '1 ms'`,
      [shard, held, owner, ttlMs],
    );
    return held.toSorted((a, b) => a - b);
  });
}

export async function releaseLeases(
  pool: pg.Pool,
  schema: string,
  shard: number,
  owner: string,
): Promise<void> {
  await withTransaction(pool, async (client) => {
    await beginSharing(client, shard);
    const leases = qualified(schema, 'leases');
    await client.query(`delete from ${leases} where shard = $1 and owner = $2`, [shard, owner]);
    await client.query(`delete from ${qualified(schema, 'projectors')} where owner = $1`, [owner]);
  });
}
