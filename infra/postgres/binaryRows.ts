import type { ListValue, ScalarType, Table } from '../../projections/readModel.js';
import type { PackedRows } from '../../projections/runner/rowBatch.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { assert, fail, present } from '../../schemas/kernel/assert.js';
import { BinaryWriter } from './binaryWriter.js';
import { type RowForm, type RowWriter, rowWriter, TYPE_OID } from './rowWriter.js';

/** Signature, flags and extension length (PostgreSQL manual, COPY, "Binary Format"). */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const END = Buffer.from('ffff', 'hex');
const CHUNK_BYTES = 64 * 1024;
/** Room for the row that fills a chunk. */
const CHUNK_SLACK_BYTES = 4 * 1024;
/** Where an array of rows begins; it grows for those that are larger. */
const ARRAY_BYTES_MIN = 64;
const ARRAY_ROW_BYTES = 256;

const writers = new Map<RowForm, Map<Table, RowWriter>>([
  ['copy', new Map()],
  ['record', new Map()],
]);

/** Made once a table and form. */
function rowWriterOf(table: Table, form: RowForm): RowWriter {
  const made = present(writers.get(form), 'a form');
  let known = made.get(table);
  if (known === undefined) made.set(table, (known = rowWriter(table, form, writeArray)));
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
    this.#write = rowWriterOf(table, 'copy');
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
 * Rows as one parameter: an array of the table's row type, as the server's `array_recv` reads it.
 * `rowType` is the number of that type, which a table's creation has chosen.
 */
export function rowArray(table: Table, rowType: number, rows: readonly StoredRow[]): Buffer {
  const write = rowWriterOf(table, 'record');
  const array = new BinaryWriter(ARRAY_BYTES_MIN + rows.length * ARRAY_ROW_BYTES);
  arrayHead(array, rowType, rows.length);
  for (const row of rows) {
    const start = array.openCell();
    write(array, row);
    array.closeCell(start);
  }
  return array.take();
}

/** Of values that are not null, of the type with this number. */
function arrayHead(target: BinaryWriter, elementType: number, length: number): void {
  target.int32(length === 0 ? 0 : 1); // dimensions
  target.int32(0); // no nulls
  target.int32(elementType);
  if (length === 0) return;
  target.int32(length);
  target.int32(1); // lower bound
}

function writeArray(target: BinaryWriter, element: ScalarType, list: ListValue): void {
  const start = target.openCell();
  arrayHead(target, TYPE_OID[element], list.length);
  for (let i = 0; i < list.length; i++) writeElement(target, element, list[i]!);
  target.closeCell(start);
}

function writeElement(
  target: BinaryWriter,
  element: ScalarType,
  value: Uint8Array | number | string,
): void {
  switch (element) {
    case 'bytes':
      assert(value instanceof Uint8Array, 'bytes expected');
      target.bytesCell(value);
      return;
    case 'count':
      assert(typeof value === 'number', 'a number expected');
      target.int64Cell(value);
      return;
    case 'small':
      assert(typeof value === 'number', 'a number expected');
      target.int32Cell(value);
      return;
    case 'text':
      assert(typeof value === 'string', 'text expected');
      target.textCell(value);
      return;
    default:
      fail(`a list of ${element}`);
  }
}
