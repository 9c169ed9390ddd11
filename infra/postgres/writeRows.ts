import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { CellValue, Table } from '../../projections/readModel.js';
import type { RowBatch, StoredRow } from '../../projections/runner/rowBatch.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { PROJECTION_COPY_ROWS_MIN } from '../../schemas/limits.js';
import { copyBinary } from './copyBinary.js';
import { copySql, insertSql } from './projectionSql.js';

/** Text of an element of an array literal (PostgreSQL manual, "Array Input and Output Syntax"). */
function arrayElement(value: CellValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `"\\\\x${toHex(value)}"`;
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A parameter a column for `insertSql`. */
export function columnArrays(table: Table, rows: readonly StoredRow[]): string[] {
  return Object.keys(table.columns).map(
    (name) => `{${rows.map((row) => arrayElement(row[name] ?? null)).join(',')}}`,
  );
}

const insertTexts = new Map<Table, string>();

async function insertRows(
  client: pg.ClientBase,
  table: Table,
  rows: readonly StoredRow[],
): Promise<void> {
  let text = insertTexts.get(table);
  if (text === undefined) insertTexts.set(table, (text = insertSql(table)));
  // Named, so that each connection plans it once.
  await client.query({ name: `put ${table.name}`, text, values: columnArrays(table, rows) });
}

/** Sends what `copyBinary` made, in order, and waits for the server to have taken it. */
export async function copyChunks(
  client: pg.ClientBase,
  table: Table,
  chunks: Iterable<Buffer>,
): Promise<void> {
  const sink = client.query(copyFrom(copySql(table)));
  await pipeline(Readable.from(chunks, { objectMode: false }), sink);
}

/** Writes the rows of one table of all batches: few by unnest, many appended ones by COPY. */
export async function writeRows(
  client: pg.ClientBase,
  table: Table,
  batches: readonly RowBatch[],
): Promise<void> {
  const rows =
    table.kind === 'append'
      ? batches.flatMap((batch) => batch.appended.get(table) ?? [])
      : batches.flatMap((batch) => [...batch.folded(table)]);
  if (rows.length === 0) return;
  const isLarge = table.kind === 'append' && rows.length >= PROJECTION_COPY_ROWS_MIN;
  await (isLarge
    ? copyChunks(client, table, copyBinary(table, rows))
    : insertRows(client, table, rows));
}
