import type pg from 'pg';
import { keyColumns } from '../../projections/readModel.js';
import { present } from '../../schemas/kernel/assert.js';
import { activeGeneration } from './generations.js';
import { qualified, quote, storedTables } from './projectionSql.js';

/** Rows of a table and what they hash to. */
export interface TableHash {
  readonly table: string;
  readonly rows: number;
  /** SHA-256, lower-case hex, over the rows' own SHA-256 in the order of their keys. */
  readonly sha256: string;
}

/**
 * A hash of every read model's table, row for row. Two projectors that folded the same log give the
 * same hashes, whatever happened to them on the way. Reads one consistent state. `schema` is that
 * of a generation; default the active one.
 */
export async function tableHashes(pool: pg.Pool, schema?: string): Promise<readonly TableHash[]> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const hashes = await hashTables(client, schema ?? (await activeSchema(client)));
    await client.query('commit');
    return hashes;
  } finally {
    client.release();
  }
}

async function activeSchema(client: pg.ClientBase): Promise<string> {
  const active = await activeGeneration(client);
  return present(active, 'an active generation').schema;
}

/** The same within a transaction of the caller's, whose snapshot decides what is read. */
export async function hashTables(
  client: pg.ClientBase,
  schema: string,
): Promise<readonly TableHash[]> {
  const hashes: TableHash[] = [];
  for (const table of storedTables) {
    const order = keyColumns(table).map(quote).join(', ');
    const { rows } = await client.query<{ rows: string; sha256: string }>(
      `select count(*) as rows, encode(sha256(coalesce(string_agg(
         sha256(convert_to(kept::text, 'UTF8')), ''::bytea order by ${order}), ''::bytea)), 'hex')
         as sha256
       from ${qualified(schema, table.name)} as kept`,
    );
    const [row] = rows;
    if (row !== undefined) {
      hashes.push({ table: table.name, rows: Number(row.rows), sha256: row.sha256 });
    }
  }
  return hashes;
}
