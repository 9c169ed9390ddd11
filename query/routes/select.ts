import type { RowOf, Table } from '../../projections/readModel.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import type { RawRow, Sql, SqlValue } from '../ports.js';

type ColumnName<T extends Table> = keyof RowOf<T> & string;

/**
 * Rows of one table with the types of its definition. `rest` is everything after the table's name;
 * values go in as parameters only.
 */
export async function select<T extends Table, const C extends readonly ColumnName<T>[]>(
  sql: Sql,
  table: T,
  columns: C,
  rest: string,
  values: readonly SqlValue[],
): Promise<readonly Pick<RowOf<T>, C[number]>[]> {
  const rows = await sql.rows(`select ${columns.join(', ')} from ${table.name} ${rest}`, values);
  return rows.map((row) => typedRow(table, columns, row));
}

function typedRow<T extends Table, const C extends readonly ColumnName<T>[]>(
  table: T,
  columns: C,
  row: RawRow,
): Pick<RowOf<T>, C[number]> {
  const typed: Record<string, unknown> = {};
  for (const name of columns) {
    const { type } = present(table.columns[name], `column ${name}`);
    const value = row[name];
    typed[name] = type === 'count' && value !== null ? safeCount(value) : value;
  }
  return typed as Pick<RowOf<T>, C[number]>;
}

/** A height, counter or timestamp of an int8 column. */
export function safeCount(value: unknown): number {
  const number = Number(value);
  assert(Number.isSafeInteger(number), 'a count in a table is a safe integer');
  return number;
}
