import type { CellValue, Column, ColumnType, Table } from '../../projections/readModel.js';
import type { StoredRow } from '../../projections/runner/rowBatch.js';
import { assert, unreachable } from '../../schemas/kernel/assert.js';
import { BinaryWriter } from './binaryWriter.js';

/** Signature, flags and extension length (PostgreSQL manual, COPY, "Binary Format"). */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const CHUNK_BYTES = 256 * 1024;
const NULL_LENGTH = -1;
/** Version byte in front of a jsonb value's text. */
const JSONB_VERSION = 1;
/** Numbers of the types in pg_type. */
const TYPE_OID: Readonly<Record<ColumnType, number>> = {
  bytes: 17,
  count: 20,
  amount: 20,
  small: 23,
  text: 25,
  json: 3802,
};

/**
 * Rows in Postgres' binary COPY format, in chunks. Binary, because our columns are mostly bytes,
 * which the text format would double.
 */
export function* copyBinary(table: Table, rows: readonly StoredRow[]): Generator<Buffer> {
  const columns = Object.entries(table.columns);
  const chunk = new BinaryWriter(CHUNK_BYTES);
  chunk.bytes(HEADER);
  for (const row of rows) {
    chunk.int16(columns.length);
    for (const [name, column] of columns) writeCell(chunk, column, row[name] ?? null);
    if (chunk.length >= CHUNK_BYTES) yield chunk.take();
  }
  chunk.int16(-1);
  yield chunk.take();
}

/** A parameter a column for `unnest`: arrays as the server's `array_recv` reads them. */
export function columnArrays(table: Table, rows: readonly StoredRow[]): Buffer[] {
  return Object.entries(table.columns).map(([name, column]) => {
    const array = new BinaryWriter(32 + 16 * rows.length);
    array.int32(rows.length === 0 ? 0 : 1); // dimensions
    array.int32(column.nullable === true ? 1 : 0); // may hold nulls
    array.int32(TYPE_OID[column.type]);
    if (rows.length > 0) {
      array.int32(rows.length);
      array.int32(1); // lower bound
    }
    for (const row of rows) writeCell(array, column, row[name] ?? null);
    return array.take();
  });
}

function writeCell(target: BinaryWriter, { type }: Column, value: CellValue): void {
  if (value === null) return target.int32(NULL_LENGTH);
  switch (type) {
    case 'bytes':
      assert(value instanceof Uint8Array, 'bytes expected');
      target.int32(value.length);
      return target.bytes(value);
    case 'count':
    case 'amount':
      assert(typeof value === 'number' || typeof value === 'bigint', 'a number expected');
      target.int32(8);
      return target.int64(value);
    case 'small':
      assert(typeof value === 'number', 'a number expected');
      target.int32(4);
      return target.int32(value);
    case 'text':
      assert(typeof value === 'string', 'text expected');
      return target.text(value);
    case 'json':
      return target.text(JSON.stringify(value), JSONB_VERSION);
    default:
      return unreachable(type);
  }
}
