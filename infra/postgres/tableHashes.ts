import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Table } from '../../projections/readModel.js';
import { present } from '../../schemas/kernel/assert.js';
import { activeGeneration } from './generations.js';
import { qualified, storedTables } from './projectionSql.js';

/** Rows of a table and what they hash to. */
export interface TableHash {
  readonly table: string;
  readonly rows: number;
  /** SHA-256, lower-case hex, over those of the pieces. */
  readonly sha256: string;
}

/** The same, and what it was made of. */
interface HashedTable extends TableHash {
  readonly pieces: number;
  /** Of the largest piece. */
  readonly pieceRows: number;
}

/**
 * Rows that the server hashes as one value, on average: 2 MB of hashes. It builds no value of more
 * than a gigabyte, which one of all rows is from 2^25 of them on.
 */
const PIECE_ROWS = 65_536;
/** By three bytes of a row's hash; then they hold more rows each, up to 2^49 in all. */
const PIECE_BITS_MAX = 24;

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
    const { rows, sha256 } = await hashTable(client, schema, table);
    hashes.push({ table: table.name, rows, sha256 });
  }
  return hashes;
}

/**
 * A table's rows are hashed one by one; those whose hashes begin with the same bits are a piece,
 * hashed in the order of their hashes; then the pieces are, in order. So neither where rows lie nor
 * how keys are sorted says anything, and no value grows with the table. There are as many pieces as
 * its rows ask for, which are equally many in equal tables.
 */
export async function hashTable(
  client: pg.ClientBase,
  schema: string,
  table: Table,
  pieceRows = PIECE_ROWS,
): Promise<HashedTable> {
  const from = qualified(schema, table.name);
  const { rows: counted } = await client.query<{ rows: string }>(
    `select count(*) as rows from ${from}`,
  );
  const rows = Number(present(counted[0], 'a count').rows);
  const bits = Math.min(PIECE_BITS_MAX, Math.ceil(Math.log2(Math.max(1, rows / pieceRows))));
  const { rows: pieces } = await client.query<{ rows: string; sha256: Buffer }>(
    `select count(*) as rows, sha256(string_agg(hash, ''::bytea order by hash)) as sha256
     from (
       select hash,
         (get_byte(hash, 0) * 65536 + get_byte(hash, 1) * 256 + get_byte(hash, 2)) >> $1 as piece
       from (
         -- offset 0: made once a row, and not wherever it is named
         select sha256(convert_to(kept::text, 'UTF8')) as hash from ${from} as kept offset 0
       ) as hashed
     ) as placed
     group by piece order by piece`,
    [PIECE_BITS_MAX - bits],
  );
  const sha256 = createHash('sha256');
  for (const piece of pieces) sha256.update(piece.sha256);
  return {
    ...{ table: table.name, rows, sha256: sha256.digest('hex'), pieces: pieces.length },
    pieceRows: pieces.reduce((most, piece) => Math.max(most, Number(piece.rows)), 0),
  };
}
