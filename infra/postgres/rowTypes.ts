import type pg from 'pg';
import type { Column, Table } from '../../projections/readModel.js';
import { fail } from '../../schemas/kernel/assert.js';
import { PostgresError } from './errors.js';
import { quote, storedTables } from './projectionSql.js';
import { TYPE_OID } from './rowWriter.js';

/** Numbers of the row types of a schema's tables: an array of rows says its own. */
export type RowTypes = ReadonlyMap<Table, number>;

interface TableRow {
  readonly name: string;
  readonly type: string;
  readonly columns: readonly string[];
}

/** The tables of a schema as they are, each column as `shapeOf` says it. */
const TABLES_SQL = `
  select relname as name, reltype::bigint as type, array_agg(
    attname || ' ' || atttypid || case when attnotnull then ' not null' else '' end
    order by attnum) as columns
  from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
  where relnamespace = to_regnamespace($1) and relkind = 'r' group by pg_class.oid`;

/** A column's name, its type's number in pg_type, and whether it takes null. */
function shapeOf(name: string, { type, nullable }: Column): string {
  return `${name} ${TYPE_OID[type]}${nullable ? '' : ' not null'}`;
}

/**
 * Rows are sent by the places of their columns: where the tables have other ones, values would
 * change places without an error. Whoever wrote `table.sql` and `table.ts` is wrong then.
 */
function checkColumns(schema: string, table: Table, found: readonly string[]): void {
  const written = Object.entries(table.columns).map(([name, column]) => shapeOf(name, column));
  for (let i = 0; i < Math.max(written.length, found.length); i++) {
    const [theirs, ours] = [found[i] ?? 'none', written[i] ?? 'none'];
    if (theirs === ours) continue;
    fail(`table ${schema}.${table.name}, column ${i + 1}: "${theirs}", but folds write "${ours}"`);
  }
}

/**
 * @throws PostgresError, whatever the driver throws; AssertionError where a table has other columns
 * than its rows, or in another order
 */
export async function readRowTypes(
  client: Pick<pg.ClientBase, 'query'>,
  schema: string,
): Promise<RowTypes> {
  const { rows } = await client.query<TableRow>(TABLES_SQL, [quote(schema)]);
  const found = new Map(rows.map((row) => [row.name, row]));
  return new Map(
    storedTables.map((table) => {
      const row = found.get(table.name);
      if (row === undefined) {
        throw new PostgresError('refused', `there is no table ${schema}.${table.name}`);
      }
      checkColumns(schema, table, row.columns);
      return [table, Number(row.type)];
    }),
  );
}

const known = new WeakMap<pg.Pool, Map<string, Promise<RowTypes>>>();

/** The same, read once until they are forgotten. */
export function knownRowTypes(pool: pg.Pool, schema: string): Promise<RowTypes> {
  const ofPool = known.get(pool) ?? new Map<string, Promise<RowTypes>>();
  known.set(pool, ofPool);
  const types = ofPool.get(schema) ?? readRowTypes(pool, schema);
  ofPool.set(schema, types);
  return types;
}

/** To be called when tables may have been made anew under their names. */
export function forgetRowTypes(pool: pg.Pool): void {
  known.delete(pool);
}
