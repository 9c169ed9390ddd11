import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { ReadModel, Table } from '../../projections/readModel.js';
import { PROJECTION_VERSION, readModels, VISIBLE_CHANNEL } from '../../projections/readModels.js';
import { assert } from '../../schemas/kernel/assert.js';

/** `projections/`, whether this file runs as source or compiled into `dist/`. */
function projectionsFolder(): URL {
  const places = ['../../projections/', '../../../projections/'];
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(new URL('runner/checkpoints.sql', url)));
  assert(found !== undefined, 'the SQL files of projections/ are not beside the program');
  return found;
}

function modelSql({ name }: ReadModel, folder: URL): string {
  const file = new URL(`${name}/table.sql`, folder);
  assert(
    existsSync(file),
    `read model ${name} has no projections/${name}/table.sql: is its folder called otherwise?`,
  );
  return readFileSync(file, 'utf8');
}

/** What makes the tables of this version, in order, for an empty schema. */
export function schemaSql(): string {
  const folder = projectionsFolder();
  const checkpoints = readFileSync(new URL('runner/checkpoints.sql', folder), 'utf8');
  return [...readModels.map((model) => modelSql(model, folder)), checkpoints].join('\n');
}

const CONTENT_DIGITS = 12;
let content: string | null = null;

/**
 * Names what the tables of this program hold: equal for programs that write equal tables. The code
 * of the folds is in it by PROJECTION_VERSION alone: compiled, bundled or run as source it has
 * other bytes, and comments would make all tables anew. A test knows the code of each version.
 */
export function projectionContent(): string {
  if (content !== null) return content;
  const models = readModels.map(({ name, views = [] }) => [name, views]);
  const text = JSON.stringify([PROJECTION_VERSION, schemaSql(), storedTables, models]);
  content = createHash('sha256').update(text).digest('hex').slice(0, CONTENT_DIGITS);
  return content;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(schema: string, name: string): string {
  return `${quote(schema)}.${quote(name)}`;
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

/** Statement that writes rows from an array of the table's row type: parameter `place`. */
function insertSql(schema: string, table: Table, place: number, where: string): string {
  const target = qualified(schema, table.name);
  const names = columnNames(table);
  const insert = `insert into ${target} as kept (${names})`;
  return `${insert} select ${names} from unnest($${place}::${target}[]) as given ${where}`;
}

/** The same, of rows that merge with those there. */
function mergeSql(schema: string, table: Table, place: number, where: string): string {
  const merge = table.kind === 'fold' ? mergeClause(table) : '';
  return `${insertSql(schema, table, place, where)} ${merge}`;
}

/** Tables in the order of the first parameters of rows of `commitSql`. */
export const storedTables: readonly Table[] = readModels.flatMap(({ tables }) => tables);

/** Tables and views of a schema that readers and analysts see, by the same names. */
export const seenNames: readonly string[] = [
  ...storedTables.map(({ name }) => name),
  ...readModels.flatMap(({ views = [] }) => views),
  ...['checkpoints', 'visible_height'],
];

/** Of other tables beside those, in their schema or that of the views. */
export const TAKEN_NAMES = [
  ...['deferred_indexes', 'generations', 'leases', 'projection', 'projectors'],
];

/**
 * Rows of `fold` tables merge with those there; a repeated key of an `append` table is an error.
 */
export function upsertSql(schema: string, table: Table): string {
  return mergeSql(schema, table, 1, '');
}

const CHECKPOINT_TYPES = [
  ...['integer[]', 'bigint[]', 'bigint[]', 'bigint[]', 'bytea[]', 'bytea[]', 'bytea[]'],
  ...['bigint[]', 'bigint[]'],
];

/**
 * A whole transaction as one statement, for one round trip at the tail: compares the checkpoints
 * (locked in one order for all) with what was folded from, writes the rows of every table and moves
 * the checkpoints, or does nothing; wakes the readers, who read the height themselves. Answers in
 * `strays` the partitions that another projector has moved; null when all is written. Parameters:
 * shard; of checkpoints the partition, the height folded from, and the columns; then the rows of
 * each of `storedTables`, and those of each of `begun` that must be the first of their keys.
 */
export function commitSql(schema: string, begun: readonly Table[]): string {
  const checkpoints = qualified(schema, 'checkpoints');
  const arrays = CHECKPOINT_TYPES.map((type, index) => `$${index + 2}::${type}`).join(', ');
  const first = 2 + CHECKPOINT_TYPES.length;
  const where = 'where (select strays is null from strays)';
  const writes = [...storedTables, ...begun].map((table, index) => {
    const sql = index < storedTables.length ? mergeSql : insertSql;
    return `write_${index} as (${sql(schema, table, first + index, where)})`;
  });
  return `
    with step as (
      select * from unnest(${arrays}) as step (partition, from_height, height,
        last_event_height, block_digest, result_digest, seed, timestamp_ms, position)
    ), locked as materialized (
      select kept.partition, kept.height from ${checkpoints} as kept
      where kept.shard = $1 and kept.partition in (select partition from step)
      order by kept.partition for update
    ), strays as materialized (
      select array_agg(step.partition) as strays from step left join locked using (partition)
      where locked.height is distinct from step.from_height
    ), ${writes.join(',\n')}, moved as (
      update ${checkpoints} as kept
      set height = step.height, last_event_height = step.last_event_height,
          block_digest = step.block_digest, result_digest = step.result_digest, seed = step.seed,
          timestamp_ms = step.timestamp_ms, position = step.position
      from step where kept.shard = $1 and kept.partition = step.partition
        and (select strays is null from strays)
      returning kept.partition, kept.height
    ), reached as (
      select min(coalesce(moved.height, kept.height)) as height
      from ${checkpoints} as kept left join moved using (partition) where kept.shard = $1
    )
    select strays.strays, pg_notify('${VISIBLE_CHANNEL}', reached.height::text)
    from strays, reached`;
}

export function copySql(schema: string, table: Table): string {
  const name = qualified(schema, table.name);
  return `copy ${name} (${columnNames(table)}) from stdin with (format binary)`;
}
