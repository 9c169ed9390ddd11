/** A column of a table: its name, and what stands in it. */
export type Column<Row> = readonly [name: string, cell: (row: Row) => string | number | bigint];

/**
 * RFC 4180 with a header row. Cells are numbers, hex and names of the protocol; a text that a
 * spreadsheet would take for a formula is quoted with a leading apostrophe.
 */
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(([name]) => name).join(',')];
  for (const row of rows) lines.push(columns.map(([, cell]) => csvCell(cell(row))).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function csvCell(value: string | number | bigint): string {
  if (typeof value !== 'string') return value.toString();
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
