import type pg from 'pg';
import { PROJECTION_VERSION, VIEW_SCHEMA } from '../../projections/readModels.js';
import { toPostgresError } from './errors.js';
import { projectionContent, quote } from './projectionSql.js';

/** A projector puts tables behind the views by itself, an operator by a command. */
export type Chooser = 'projector' | 'operator';

/**
 * Tables folded from the log, in a schema of their own. `building`: not seen by readers yet.
 * `active`: behind the views. `retired`: kept for a while after another has taken its place.
 */
export interface Generation {
  readonly schema: string;
  /** What its tables hold: `projectionContent` of the program that made them. */
  readonly content: string;
  /** PROJECTION_VERSION of that program; 0 where it did not say one yet. */
  readonly version: number;
  readonly state: 'building' | 'active' | 'retired';
  /** Secondary indexes are still to be made. */
  readonly isBare: boolean;
  /** Who put it behind the views when it was put there last; null: never, or not recorded. */
  readonly chosenBy: Chooser | null;
  /** Active, and an operator chose it over a newer version: no projector replaces it unasked. */
  readonly isPinned: boolean;
  /** How tables of a rebuild differ from those they were compared with: nobody is to see them. */
  readonly mismatch: string | null;
  readonly createdAtMs: number;
  /** Of the last change of `state`. */
  readonly changedAtMs: number;
}

const TABLE = `${quote(VIEW_SCHEMA)}.generations`;

interface GenerationRow {
  readonly schema_name: string;
  readonly content: string;
  readonly version: number;
  readonly state: Generation['state'];
  readonly is_bare: boolean;
  readonly chosen_by: Chooser | null;
  readonly is_pinned: boolean;
  readonly mismatch: string | null;
  readonly created_ms: string;
  readonly changed_ms: string;
}

function generationOf(row: GenerationRow): Generation {
  return {
    schema: row.schema_name,
    content: row.content,
    version: row.version,
    state: row.state,
    isBare: row.is_bare,
    chosenBy: row.chosen_by,
    isPinned: row.is_pinned,
    mismatch: row.mismatch,
    createdAtMs: Number(row.created_ms),
    changedAtMs: Number(row.changed_ms),
  };
}

/** Columns that the table got after its first release. */
const LATER_COLUMNS: Readonly<Record<string, string>> = {
  version: 'integer not null default 0',
  chosen_by: "text check (chosen_by in ('projector', 'operator'))",
  is_pinned: 'boolean not null default false',
  mismatch: 'text',
};

async function addLaterColumns(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0',
    [TABLE],
  );
  const found = new Set(rows.map(({ name }) => name));
  const missing = Object.entries(LATER_COLUMNS).filter(([name]) => !found.has(name));
  // Only then: the statement keeps readers out even where it has nothing to do.
  for (const [name, type] of missing) {
    await client.query(`alter table ${TABLE} add column if not exists ${quote(name)} ${type}`);
  }
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
  await addLaterColumns(client);
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
      // By JSON, because a program may look at the table before one that adds columns has.
      `select schema_name, content, state, is_bare,
         coalesce((to_jsonb(kept) ->> 'version')::integer, 0) as version,
         to_jsonb(kept) ->> 'chosen_by' as chosen_by,
         coalesce((to_jsonb(kept) ->> 'is_pinned')::boolean, false) as is_pinned,
         to_jsonb(kept) ->> 'mismatch' as mismatch,
         floor(extract(epoch from created_at) * 1000)::bigint as created_ms,
         floor(extract(epoch from changed_at) * 1000)::bigint as changed_ms
       from ${TABLE} as kept order by created_at, schema_name`,
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

/**
 * The one that a projector of this program folds into: the active one where its tables fit, else
 * `current`, the one that it is at, else the newest that was not yet seen, or that was replaced.
 */
export function ownGeneration(all: readonly Generation[], current?: string): Generation | null {
  const own = all.filter(
    ({ content, isBare, mismatch }) =>
      content === projectionContent() && !isBare && mismatch === null,
  );
  return (
    own.find(({ state }) => state === 'active') ??
    own.find(({ schema }) => schema === current) ??
    own.findLast(({ state }) => state === 'building') ??
    own.at(-1) ??
    null
  );
}

/**
 * Whether a projector may put its tables in the place of the active ones unasked. Only a newer
 * version: of two programs that run at once, one would take the views back from the other.
 */
export function mayReplace(active: Generation | undefined, own: Generation): boolean {
  return active === undefined || (own.version > active.version && !active.isPinned);
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
  const chosenBy: Chooser | null = state === 'active' ? 'projector' : null;
  await client.query(
    `insert into ${TABLE} (schema_name, content, version, state, is_bare, chosen_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [schema, projectionContent(), PROJECTION_VERSION, state, isBare, chosenBy],
  );
}

export async function retireGeneration(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(
    `update ${TABLE} set state = 'retired', is_pinned = false, changed_at = clock_timestamp()
     where schema_name = $1`,
    [schema],
  );
}

export async function activateGeneration(
  client: pg.ClientBase,
  schema: string,
  choice: Pick<Generation, 'chosenBy' | 'isPinned'>,
): Promise<void> {
  await client.query(
    `update ${TABLE} set state = 'active', chosen_by = $2, is_pinned = $3,
       changed_at = clock_timestamp()
     where schema_name = $1`,
    [schema, choice.chosenBy, choice.isPinned],
  );
}

export async function markIndexed(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(`update ${TABLE} set is_bare = false where schema_name = $1`, [schema]);
}

export async function markMismatch(
  client: Pick<pg.ClientBase, 'query'>,
  schema: string,
  mismatch: string,
): Promise<void> {
  await client.query(
    `update ${TABLE} set mismatch = $2, changed_at = clock_timestamp() where schema_name = $1`,
    [schema, mismatch],
  );
}

export async function forgetGeneration(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(`drop schema if exists ${quote(schema)} cascade`);
  await client.query(`delete from ${TABLE} where schema_name = $1`, [schema]);
}
