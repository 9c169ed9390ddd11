import {
  type CellValue,
  type Column,
  isListType,
  LIST_ELEMENTS,
  type ScalarType,
  type Table,
} from '../../projections/readModel.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { fail } from '../../schemas/kernel/assert.js';
import type { BinaryWriter } from './binaryWriter.js';

/** Length of a cell that is SQL's null. */
export const NULL_LENGTH = -1;
/** Version byte in front of a jsonb value's text. */
export const JSONB_VERSION = 1;

/** Writes a row as binary COPY reads it: the number of its cells, then each with its length. */
export type RowWriter = (writer: BinaryWriter, row: StoredRow) => void;

type WriteArray = (writer: BinaryWriter, element: ScalarType, value: CellValue) => void;

/** What `writer` does with `value`, and what that must be: a wrong number would be written. */
const CELLS: Readonly<Record<ScalarType, readonly [write: string, check: string]>> = {
  bytes: ['writer.bytesCell(value)', 'value instanceof Uint8Array'],
  count: ['writer.int64Cell(value)', "typeof value === 'number'"],
  amount: ['writer.int64Cell(value)', "typeof value === 'bigint'"],
  small: ['writer.int32Cell(value)', "typeof value === 'number'"],
  text: ['writer.textCell(value)', "typeof value === 'string'"],
  json: [`writer.textCell(JSON.stringify(value), ${JSONB_VERSION})`, "typeof value === 'object'"],
};

function cellCode(name: string, { type, nullable }: Column): string {
  const [write, check] = isListType(type)
    ? [`writeArray(writer, '${LIST_ELEMENTS[type]}', value)`, 'Array.isArray(value)']
    : CELLS[type];
  const checked = `{ if (!(${check})) fail('${name}: no ${type}'); ${write}; }`;
  const cell = nullable
    ? `if (value === null) writer.int32(${NULL_LENGTH}); else ${checked}`
    : checked;
  return `value = row.${name}; ${cell}`;
}

/**
 * A function of a table's own, made from its columns: the engine then knows what each place in it
 * meets, where one for all tables looks every column up by name, which costs as much as to write
 * it.
 */
export function rowWriter(table: Table, writeArray: WriteArray): RowWriter {
  const columns = Object.entries(table.columns);
  const cells = columns.map(([name, column]) => cellCode(name, column));
  const code = ['let value;', `writer.int16(${columns.length});`, ...cells].join('\n');
  const make = new Function('writeArray', 'fail', `return (writer, row) => { ${code} };`);
  return make(writeArray, fail);
}
