import type pg from 'pg';
import type { Table } from '../../projections/readModel.js';
import { PostgresError } from './errors.js';
import { quote, storedTables } from './projectionSql.js';

/** Numbers of the row types of a schema's tables: an array of rows says its own. */
export type RowTypes = ReadonlyMap<Table, number>;

/** @throws PostgresError, whatever the driver throws */
export async function readRowTypes(
  client: Pick<pg.ClientBase, 'query'>,
  schema: string,
): Promise<RowTypes> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select relname as name, reltype::bigint as type from pg_class
     where relnamespace = to_regnamespace($1) and relkind = 'r'`,
    [quote(schema)],
  );
  const types = new Map(rows.map(({ name, type }) => [name, Number(type)]));
  return new Map(
    storedTables.map((table) => {
      const type = types.get(table.name);
      if (type !== undefined) return [table, type];
      throw new PostgresError('refused', `there is no table ${schema}.${table.name}`);
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
