import type pg from 'pg';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { toPostgresError } from './errors.js';
import { projectionContent, quote } from './projectionSql.js';

/**
 * Tables folded from the log, in a schema of their own. `building`: not seen by readers yet.
 * `active`: behind the views. `retired`: kept for a while after another has taken its place.
 */
export interface Generation {
  readonly schema: string;
  /** What its tables hold: `projectionContent` of the program that made them. */
  readonly content: string;
  readonly state: 'building' | 'active' | 'retired';
  /** Secondary indexes are still to be made. */
  readonly isBare: boolean;
  readonly createdAtMs: number;
  /** Of the last change of `state`. */
  readonly changedAtMs: number;
}

const TABLE = `${quote(VIEW_SCHEMA)}.generations`;

interface GenerationRow {
  readonly schema_name: string;
  readonly content: string;
  readonly state: Generation['state'];
  readonly is_bare: boolean;
  readonly created_ms: string;
  readonly changed_ms: string;
}

function generationOf(row: GenerationRow): Generation {
  return {
    schema: row.schema_name,
    content: row.content,
    state: row.state,
    isBare: row.is_bare,
    createdAtMs: Number(row.created_ms),
    changedAtMs: Number(row.changed_ms),
  };
}

/** Made once, beside the views. */
export async function ensureGenerations(client: pg.ClientBase): Promise<void> {
  await client.query(`create schema if not exists ${quote(VIEW_SCHEMA)}`);
  await client.query(`create table if not exists ${TABLE} (
    schema_name text not null primary key,
    content text not null,
    state text not null check (state in ('building', 'active', 'retired')),
    is_bare boolean not null,
    created_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp()
  )`);
  await client.query(
    `create unique index if not exists one_active on ${TABLE} (state) where state = 'active'`,
  );
  await client.query(`comment on table ${TABLE} is
    'Schemas with tables folded from the log; the views show those of the active one.'`);
}

/** The newest last; none when nothing was ever folded into this database. @throws PostgresError */
export async function listGenerations(
  client: Pick<pg.ClientBase, 'query'>,
): Promise<readonly Generation[]> {
  try {
    const { rows: found } = await client.query('select to_regclass($1) is not null as made', [
      TABLE,
    ]);
    if (found[0]?.made !== true) return [];
    const { rows } = await client.query<GenerationRow>(
      `select schema_name, content, state, is_bare,
         floor(extract(epoch from created_at) * 1000)::bigint as created_ms,
         floor(extract(epoch from changed_at) * 1000)::bigint as changed_ms
       from ${TABLE} order by created_at, schema_name`,
    );
    return rows.map(generationOf);
  } catch (error) {
    throw toPostgresError(error);
  }
}

export async function activeGeneration(
  client: Pick<pg.ClientBase, 'query'>,
): Promise<Generation | null> {
  const all = await listGenerations(client);
  return all.find(({ state }) => state === 'active') ?? null;
}

/** The one that a projector of this program folds into: the active one where its tables fit. */
export function ownGeneration(all: readonly Generation[]): Generation | null {
  const own = all.filter(({ content }) => content === projectionContent());
  const active = own.find(({ state }) => state === 'active');
  return active ?? own.findLast(({ state, isBare }) => state === 'building' && !isBare) ?? null;
}

/** A name that no schema of this database has had. */
export function nextSchema(all: readonly Generation[]): string {
  const stem = `p_nullspace_${projectionContent()}`;
  const taken = new Set(all.map(({ schema }) => schema));
  for (let number = 1; ; number++) {
    const name = number === 1 ? stem : `${stem}_${number}`;
    if (!taken.has(name)) return name;
  }
}

export async function recordGeneration(
  client: pg.ClientBase,
  schema: string,
  state: Generation['state'],
  isBare: boolean,
): Promise<void> {
  await client.query(
    `insert into ${TABLE} (schema_name, content, state, is_bare) values ($1, $2, $3, $4)`,
    [schema, projectionContent(), state, isBare],
  );
}

export async function changeGeneration(
  client: pg.ClientBase,
  schema: string,
  state: Generation['state'],
): Promise<void> {
  await client.query(
    `update ${TABLE} set state = $2, changed_at = clock_timestamp() where schema_name = $1`,
    [schema, state],
  );
}

export async function markIndexed(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(`update ${TABLE} set is_bare = false where schema_name = $1`, [schema]);
}

export async function forgetGeneration(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(`drop schema if exists ${quote(schema)} cascade`);
  await client.query(`delete from ${TABLE} where schema_name = $1`, [schema]);
}
