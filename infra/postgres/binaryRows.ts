import {
  type CellValue,
  type Column,
  isListType,
  LIST_ELEMENTS,
  type ListValue,
  type ScalarType,
  type Table,
} from '../../projections/readModel.js';
import type { PackedRows, StoredRow } from '../../projections/runner/rowBatch.js';
import { assert, present, unreachable } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
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

type ValueWriter = (target: BinaryWriter, value: CellValue) => void;
type CellWriter = (target: BinaryWriter, row: StoredRow) => void;

/** How lists are written: as the arrays that they are, or as text where arrays cannot nest. */
type ListForm = (element: ScalarType) => ValueWriter;

const writers = new Map<ListForm, Map<Table, readonly CellWriter[]>>([
  [arrayWriter, new Map()],
  [literalWriter, new Map()],
]);

/** Writes the cells of a table's rows, in order; made once a table. */
function writersOf(table: Table, form: ListForm): readonly CellWriter[] {
  const made = present(writers.get(form), 'writers of a form');
  let known = made.get(table);
  if (known === undefined) {
    known = Object.entries(table.columns).map(([name, column]) => cellWriter(name, column, form));
    made.set(table, known);
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
    this.#cells = writersOf(table, arrayWriter);
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

/**
 * A parameter a column for `unnest`: arrays as the server's `array_recv` reads them, and lists in
 * them as text.
 */
export function columnArrays(table: Table, rows: readonly StoredRow[]): Buffer[] {
  const cells = writersOf(table, literalWriter);
  return Object.values(table.columns).map(({ type, nullable = false }, index) => {
    const write = present(cells[index], 'a writer a column');
    const array = new BinaryWriter(32 + 16 * rows.length);
    arrayHead(array, isListType(type) ? 'text' : type, rows.length, nullable);
    for (const row of rows) write(array, row);
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

function arrayWriter(element: ScalarType): ValueWriter {
  const write = valueWriter(element);
  return (target, value) => {
    const list = listOf(value);
    const start = target.openCell();
    arrayHead(target, element, list.length, false);
    for (const item of list) write(target, item);
    target.closeCell(start);
  };
}

/** An array as `array_in` reads it: names need no quotes, and hex of bytes has them. */
function literalWriter(element: ScalarType): ValueWriter {
  return (target, value) => {
    const items = listOf(value).map((item) =>
      item instanceof Uint8Array ? `"\\\\x${toHex(item)}"` : item,
    );
    assert(element !== 'text' || items.every((item) => NAME.test(String(item))), 'names expected');
    target.textCell(`{${items.join(',')}}`);
  };
}

function cellWriter(name: string, { type }: Column, form: ListForm): CellWriter {
  const write = isListType(type) ? form(LIST_ELEMENTS[type]) : valueWriter(type);
  return (target, row) => {
    const value = row[name] ?? null;
    if (value === null) target.int32(NULL_LENGTH);
    else write(target, value);
  };
}

function valueWriter(type: ScalarType): ValueWriter {
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
