import type { CellValue, Column, ColumnType, Table } from '../../projections/readModel.js';
import type { PackedRows, StoredRow } from '../../projections/runner/rowBatch.js';
import { assert, present, unreachable } from '../../schemas/kernel/assert.js';
import { BinaryWriter } from './binaryWriter.js';

/** Signature, flags and extension length (PostgreSQL manual, COPY, "Binary Format"). */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const END = Buffer.from('ffff', 'hex');
const CHUNK_BYTES = 64 * 1024;
/** Room for the row that fills a chunk. */
const CHUNK_SLACK_BYTES = 4 * 1024;
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

type CellWriter = (target: BinaryWriter, row: StoredRow) => void;

const writers = new Map<Table, readonly CellWriter[]>();

/** Writes the cells of a table's rows, in order; made once a table. */
function writersOf(table: Table): readonly CellWriter[] {
  let known = writers.get(table);
  if (known === undefined) {
    known = Object.entries(table.columns).map(([name, column]) => cellWriter(name, column));
    writers.set(table, known);
  }
  return known;
}

/**
 * Rows of a table in Postgres' binary COPY format, without its head and end. Binary, because our
 * columns are mostly bytes, which the text format would double.
 */
export class CopyRows implements PackedRows {
  readonly #cells: readonly CellWriter[];
  readonly #writer = new BinaryWriter(CHUNK_BYTES + CHUNK_SLACK_BYTES);
  readonly #chunks: Buffer[] = [];
  #count = 0;

  constructor(table: Table) {
    this.#cells = writersOf(table);
  }

  get count(): number {
    return this.#count;
  }

  add(row: StoredRow): void {
    const writer = this.#writer;
    writer.int16(this.#cells.length);
    for (const write of this.#cells) write(writer, row);
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

/** A parameter a column for `unnest`: arrays as the server's `array_recv` reads them. */
export function columnArrays(table: Table, rows: readonly StoredRow[]): Buffer[] {
  const cells = writersOf(table);
  return Object.values(table.columns).map((column, index) => {
    const write = present(cells[index], 'a writer a column');
    const array = new BinaryWriter(32 + 16 * rows.length);
    array.int32(rows.length === 0 ? 0 : 1); // dimensions
    array.int32(column.nullable === true ? 1 : 0); // may hold nulls
    array.int32(TYPE_OID[column.type]);
    if (rows.length > 0) {
      array.int32(rows.length);
      array.int32(1); // lower bound
    }
    for (const row of rows) write(array, row);
    return array.take();
  });
}

function cellWriter(name: string, column: Column): CellWriter {
  const write = valueWriter(column.type);
  return (target, row) => {
    const value = row[name] ?? null;
    if (value === null) target.int32(NULL_LENGTH);
    else write(target, value);
  };
}

function valueWriter(type: ColumnType): (target: BinaryWriter, value: CellValue) => void {
  switch (type) {
    case 'bytes':
      return (target, value) => {
        assert(value instanceof Uint8Array, 'bytes expected');
        target.bytesCell(value);
      };
    case 'count':
    case 'amount':
      return (target, value) => {
        assert(typeof value === 'number' || typeof value === 'bigint', 'a number expected');
        target.int64Cell(value);
      };
    case 'small':
      return (target, value) => {
        assert(typeof value === 'number', 'a number expected');
        target.int32Cell(value);
      };
    case 'text':
      return (target, value) => {
        assert(typeof value === 'string', 'text expected');
        target.textCell(value);
      };
    case 'json':
      return (target, value) => target.textCell(JSON.stringify(value), JSONB_VERSION);
    default:
      return unreachable(type);
  }
}
