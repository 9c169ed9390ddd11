import {
  type CellValue,
  type ColumnType,
  isListType,
  LIST_ELEMENTS,
  type ListValue,
  type ScalarType,
  type Table,
} from '../../projections/readModel.js';
import type { PackedRows } from '../../projections/runner/rowBatch.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { BinaryWriter } from './binaryWriter.js';
import { JSONB_VERSION, NULL_LENGTH, type RowWriter, rowWriter } from './rowWriter.js';

/** Signature, flags and extension length (PostgreSQL manual, COPY, "Binary Format"). */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const END = Buffer.from('ffff', 'hex');
const CHUNK_BYTES = 64 * 1024;
/** Room for the row that fills a chunk. */
const CHUNK_SLACK_BYTES = 4 * 1024;
/** Text of a list: what an array literal takes as it is, and does not take for NULL. */
const NAME = /^(?!null$)[A-Za-z]\w*$/i;
/** Numbers of the types in pg_type. */
const TYPE_OID: Readonly<Record<ScalarType, number>> = {
  bytes: 17,
  count: 20,
  amount: 20,
  small: 23,
  text: 25,
  json: 3802,
};

/** A column as `writeCell` wants it. */
interface Cell {
  readonly name: string;
  readonly type: ColumnType;
}

const cells = new Map<Table, readonly Cell[]>();

/** The columns of a table, in order; made once a table. */
function cellsOf(table: Table): readonly Cell[] {
  let known = cells.get(table);
  if (known === undefined) {
    known = Object.entries(table.columns).map(([name, { type }]) => ({ name, type }));
    cells.set(table, known);
  }
  return known;
}

const rowWriters = new Map<Table, RowWriter>();

function rowWriterOf(table: Table): RowWriter {
  let known = rowWriters.get(table);
  if (known === undefined) rowWriters.set(table, (known = rowWriter(table, writeArray)));
  return known;
}

/**
 * Rows of a table in Postgres' binary COPY format, without its head and end. Binary, because our
 * columns are mostly bytes, which the text format would double.
 */
export class CopyRows implements PackedRows {
  readonly #write: RowWriter;
  readonly #writer = new BinaryWriter(CHUNK_BYTES + CHUNK_SLACK_BYTES);
  readonly #chunks: Buffer[] = [];
  #count = 0;

  constructor(table: Table) {
    this.#write = rowWriterOf(table);
  }

  get count(): number {
    return this.#count;
  }

  add(row: StoredRow): void {
    const writer = this.#writer;
    this.#write(writer, row);
    this.#count += 1;
    if (writer.length >= CHUNK_BYTES) this.#chunks.push(writer.take());
  }

  /** Everything added, in order; nothing can be added any more. */
  chunks(): readonly Buffer[] {
    if (this.#writer.length > 0) this.#chunks.push(this.#writer.take());
    return this.#chunks;
  }
}

/** What COPY reads: all of these rows between the format's head and end. */
export function copyBinary(parts: readonly CopyRows[]): readonly Buffer[] {
  return [HEADER, ...parts.flatMap((part) => part.chunks()), END];
}

/**
 * A parameter a column for `unnest`: arrays as the server's `array_recv` reads them, and lists in
 * them as text.
 */
export function columnArrays(table: Table, rows: readonly StoredRow[]): Buffer[] {
  return cellsOf(table).map(({ name, type }) => {
    const array = new BinaryWriter(32 + 16 * rows.length);
    const hasNulls = present(table.columns[name], 'a column').nullable === true;
    arrayHead(array, isListType(type) ? 'text' : type, rows.length, hasNulls);
    for (const row of rows) {
      const value = row[name] ?? null;
      if (value !== null && isListType(type)) writeLiteral(array, LIST_ELEMENTS[type], value);
      else writeCell(array, type, value);
    }
    return array.take();
  });
}

function arrayHead(
  target: BinaryWriter,
  element: ScalarType,
  length: number,
  hasNulls: boolean,
): void {
  target.int32(length === 0 ? 0 : 1); // dimensions
  target.int32(hasNulls ? 1 : 0);
  target.int32(TYPE_OID[element]);
  if (length === 0) return;
  target.int32(length);
  target.int32(1); // lower bound
}

function listOf(value: CellValue): ListValue {
  assert(Array.isArray(value), 'a list expected');
  return value;
}

/** An array as `array_in` reads it: names need no quotes, and hex of bytes has them. */
function writeLiteral(target: BinaryWriter, element: ScalarType, value: CellValue): void {
  const items = listOf(value).map((item) =>
    item instanceof Uint8Array ? `"\\\\x${toHex(item)}"` : item,
  );
  assert(element !== 'text' || items.every((item) => NAME.test(String(item))), 'names expected');
  target.textCell(`{${items.join(',')}}`);
}

function writeArray(target: BinaryWriter, element: ScalarType, value: CellValue): void {
  const list = listOf(value);
  const start = target.openCell();
  arrayHead(target, element, list.length, false);
  for (let i = 0; i < list.length; i++) writeCell(target, element, list[i]!);
  target.closeCell(start);
}

/**
 * One function for every column: one a column, made of others, would cost as much in calls as all
 * the bytes they write.
 */
function writeCell(target: BinaryWriter, type: ColumnType, value: CellValue): void {
  if (value === null) {
    target.int32(NULL_LENGTH);
    return;
  }
  switch (type) {
    case 'count':
    case 'amount':
      assert(typeof value === 'number' || typeof value === 'bigint', 'a number expected');
      target.int64Cell(value);
      return;
    case 'bytes':
      assert(value instanceof Uint8Array, 'bytes expected');
      target.bytesCell(value);
      return;
    case 'small':
      assert(typeof value === 'number', 'a number expected');
      target.int32Cell(value);
      return;
    case 'text':
      assert(typeof value === 'string', 'text expected');
      target.textCell(value);
      return;
    case 'json':
      target.textCell(JSON.stringify(value), JSONB_VERSION);
      return;
    default:
      writeArray(target, LIST_ELEMENTS[type], value);
  }
}
