import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { EXPORT_ROW_GROUP_ROWS } from '../../schemas/limits.js';
import type { Cell, ExportFile } from './exportFile.js';
import type { ColumnKinds } from './exportRows.js';

const TYPES = { int: 'INT32', long: 'INT64', text: 'STRING', json: 'STRING' } as const;

/** A Parquet file of flat rows, in groups of at most EXPORT_ROW_GROUP_ROWS; Snappy. */
export function createParquetFile(path: string, columns: ColumnKinds): ExportFile {
  const names = Object.keys(columns);
  const columnData = (rows: readonly Readonly<Record<string, Cell>>[]) =>
    names.map((name) => ({
      name,
      type: TYPES[columns[name] ?? 'text'],
      nullable: false,
      data: rows.map((row) => row[name]),
    }));
  const schema = schemaFromColumnData({ columnData: columnData([]) });
  const writer = new ParquetWriter({ writer: fileWriter(path), schema });
  let rows: Readonly<Record<string, Cell>>[] = [];
  const flush = (): void => {
    if (rows.length > 0) writer.write({ columnData: columnData(rows) });
    rows = [];
  };
  return {
    add({ row }) {
      rows.push(row);
      if (rows.length >= EXPORT_ROW_GROUP_ROWS) flush();
    },
    close() {
      flush();
      writer.finish();
    },
  };
}
