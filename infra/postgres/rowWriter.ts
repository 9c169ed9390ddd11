import {
  type Column,
  type ColumnType,
  isListType,
  LIST_ELEMENTS,
  type ListValue,
  type ScalarType,
  type Table,
} from '../../projections/readModel.js';
import type { StoredRow } from '../../projections/runner/rowMerger.js';
import { AssertionError, fail } from '../../schemas/kernel/assert.js';
import type { BinaryWriter } from './binaryWriter.js';

/** Length of a cell that is SQL's null. */
const NULL_LENGTH = -1;
/** Version byte in front of a jsonb value's text. */
const JSONB_VERSION = 1;

/**
 * How a row's cells stand: `copy`, as binary COPY reads them, each behind its length; `record`, as
 * a value of the table's row type, each behind the number of its type as well.
 */
export type RowForm = 'copy' | 'record';

/** Writes the number of a row's cells, then each of them. */
export type RowWriter = (writer: BinaryWriter, row: StoredRow) => void;

type WriteArray = (writer: BinaryWriter, element: ScalarType, list: ListValue) => void;

/** What `writer` does with `value`, and what that must be: a wrong number would be written. */
const CELLS: Readonly<Record<ScalarType, readonly [write: string, check: string]>> = {
  bytes: ['writer.bytesCell(value)', 'value instanceof Uint8Array'],
  count: ['writer.int64Cell(value)', "typeof value === 'number'"],
  amount: ['writer.int64Cell(value)', "typeof value === 'bigint'"],
  total: ['writer.numericCell(value)', "typeof value === 'bigint'"],
  small: ['writer.int32Cell(value)', "typeof value === 'number'"],
  text: ['writer.textCell(value)', "typeof value === 'string'"],
  json: [`writer.textCell(JSON.stringify(value), ${JSONB_VERSION})`, "typeof value === 'object'"],
};

/** Numbers of the types in pg_type. */
export const TYPE_OID: Readonly<Record<ColumnType, number>> = {
  ...{ bytes: 17, count: 20, amount: 20, total: 1700, small: 23, text: 25, json: 3802 },
  ...{ bytesList: 1001, countList: 1016, smallList: 1007, textList: 1009 },
};

function cellCode(name: string, { type, nullable }: Column, form: RowForm): string {
  const [write, check] = isListType(type)
    ? [`writeArray(writer, '${LIST_ELEMENTS[type]}', value)`, 'Array.isArray(value)']
    : CELLS[type];
  const checked = `{ if (!(${check})) fail('${name}: no ${type}'); ${write}; }`;
  const cell = nullable
    ? `if (value === null) writer.int32(${NULL_LENGTH}); else ${checked}`
    : checked;
  const head = form === 'record' ? `writer.int32(${TYPE_OID[type]}); ` : '';
  return `value = row.${name}; ${head}${cell}`;
}

/**
 * A function of a table's own, made from its columns: the engine then knows what each place in it
 * meets, where one for all tables looks every column up by name, which costs as much as to write
 * it.
 */
export function rowWriter(table: Table, form: RowForm, writeArray: WriteArray): RowWriter {
  const columns = Object.entries(table.columns);
  const cells = columns.map(([name, column]) => cellCode(name, column, form));
  const head = `writer.${form === 'copy' ? 'int16' : 'int32'}(${columns.length});`;
  const code = `return (writer, row) => {
    let value;
    try { ${[head, ...cells].join('\n')} } catch (error) { refuse(error); }
  };`;
  const refuse = (cause: unknown): never => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AssertionError(`table ${table.name}: ${reason}`, { cause });
  };
  return new Function('writeArray', 'fail', 'refuse', code)(writeArray, fail, refuse);
}
