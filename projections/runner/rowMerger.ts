import { type CellValue, keyColumns, type MergeRule, type Table } from '../readModel.js';

/** A row as the store sees it. */
export interface StoredRow {
  readonly [column: string]: CellValue;
}

/** A row that later ones of its key change. */
export type FoldedRow = Record<string, CellValue>;

/** Two functions of a table's own, made from its columns: see `rowMerger`. */
export interface RowMerger {
  /** A string that two rows share exactly when their keys are equal. */
  keyOf(row: StoredRow): string;
  /** Changes the older row into both, by the rule of each column. */
  merge(older: FoldedRow, newer: StoredRow): void;
}

/** No name is the beginning of another. */
type NameOf = (bytes: Uint8Array) => string;

/** Makes `older.x` of both; of a rule that is not here, the older one stays. */
const MERGES: Readonly<Partial<Record<MergeRule, (x: string) => string>>> = {
  latest: (x) => `older.${x} = newer.${x};`,
  sum: (x) => `older.${x} += newer.${x};`,
  least: (x) => `if (newer.${x} < older.${x}) older.${x} = newer.${x};`,
  greatest: (x) => `if (newer.${x} > older.${x}) older.${x} = newer.${x};`,
};

/** Each part says where it ends: names of bytes by themselves, texts by their length in front. */
function keyCode({ columns }: Table, name: string): string {
  const type = columns[name]?.type;
  if (type === 'bytes') return `nameOf(row.${name})`;
  return type === 'text' ? `row.${name}.length + ':' + row.${name}` : `' ' + row.${name} + ' '`;
}

/**
 * Made for each table, because the engine then knows what each place in them meets: one for all
 * tables, which looks every column up by its name, takes twice the time. `nameOf` names bytes.
 */
export function rowMerger(table: Table, nameOf: NameOf): RowMerger {
  const key = keyColumns(table).map((name) => keyCode(table, name));
  const merges = Object.entries(table.columns).map(
    ([name, { merge }]) => MERGES[merge]?.(name) ?? '',
  );
  const code = `return {
    keyOf: (row) => ${key.join(' + ')},
    merge: (older, newer) => { ${merges.join('\n')} },
  };`;
  return new Function('nameOf', code)(nameOf);
}
