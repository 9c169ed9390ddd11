import type pg from 'pg';
import { listGenerations } from '../../infra/postgres/generations.js';
import { quote } from '../../infra/postgres/projectionSql.js';
import { VIEW_SCHEMA } from '../../projections/readModels.js';

/** Removes every generation of tables, and the views: as if no projector had ever started. */
export async function dropProjections(pool: pg.Pool): Promise<void> {
  const schemas = (await listGenerations(pool)).map(({ schema }) => schema);
  for (const schema of [VIEW_SCHEMA, ...schemas]) {
    await pool.query(`drop schema if exists ${quote(schema)} cascade`);
  }
}
