import { existsSync, readFileSync } from 'node:fs';
import type { ColumnType, Table } from '../../projections/readModel.js';
import { PROJECTION_SCHEMA, readModels } from '../../projections/readModels.js';
import { assert } from '../../schemas/kernel/assert.js';

const POSTGRES_TYPE: Readonly<Record<ColumnType, string>> = {
  bytes: 'bytea',
  count: 'bigint',
  amount: 'bigint',
  small: 'integer',
  text: 'text',
  json: 'jsonb',
};

/** `projections/`, whether this file runs as source or compiled into `dist/`. */
function projectionsFolder(): URL {
  const places = ['../../projections/', '../../../projections/'];
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(new URL('runner/checkpoints.sql', url)));
  assert(found !== undefined, 'the SQL files of projections/ are not beside the program');
  return found;
}

/** What makes the tables of this version, in order, for an empty schema. */
export function schemaSql(): string {
  const folder = projectionsFolder();
  const files = [...readModels.map(({ name }) => `${name}/table.sql`), 'runner/checkpoints.sql'];
  return files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table of this version, qualified. */
export function qualified(name: string): string {
  return `${quote(PROJECTION_SCHEMA)}.${quote(name)}`;
}

export function columnNames(table: Table): string {
  return Object.keys(table.columns).map(quote).join(', ');
}

function mergeClause(table: Table): string {
  const entries = Object.entries(table.columns);
  const keys = entries.filter(([, { merge }]) => merge === 'key').map(([name]) => quote(name));
  const sets = entries.flatMap(([name, { merge }]) => {
    const column = quote(name);
    if (merge === 'latest') return [`${column} = excluded.${column}`];
    if (merge === 'sum') return [`${column} = kept.${column} + excluded.${column}`];
    if (merge === 'least' || merge === 'greatest') {
      return [`${column} = ${merge}(kept.${column}, excluded.${column})`];
    }
    return [];
  });
  const action = sets.length === 0 ? 'nothing' : `update set ${sets.join(', ')}`;
  return `on conflict (${keys.join(', ')}) do ${action}`;
}

/**
 * Writes any number of rows by one prepared statement: a parameter a column, each an array. Rows of
 * a `fold` table merge with those that are there; a repeated key of an `append` table is an error.
 */
export function insertSql(table: Table): string {
  const types = Object.values(table.columns).map(({ type }) => POSTGRES_TYPE[type]);
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  const insert = `insert into ${qualified(table.name)} as kept (${columnNames(table)})`;
  const merge = table.kind === 'fold' ? mergeClause(table) : '';
  return `${insert} select * from unnest(${arrays}) ${merge}`;
}

export function copySql(table: Table): string {
  const name = qualified(table.name);
  return `copy ${name} (${columnNames(table)}) from stdin with (format binary)`;
}
