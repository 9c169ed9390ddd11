import type pg from 'pg';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { toPostgresError } from './errors.js';
import type { Generation } from './generations.js';
import { qualified, quote, seenNames, TAKEN_NAMES } from './projectionSql.js';

/** What others made of the views, or in their place: somebody has to move it for the new tables. */
export class ViewObstacleError extends Error {
  override readonly name = 'ViewObstacleError';
  readonly code = 'viewObstacle';
  readonly retriable = false;

  constructor(schema: string, obstacles: readonly string[]) {
    super(
      `readers cannot be shown ${schema} yet: ${obstacles.join('; ')}. ` +
        `Drop or rename these, and make them again when readers see ${schema}`,
    );
  }
}

type Queries = Pick<pg.ClientBase, 'query'>;

/** How the views become those of other tables. Those that are in no list are new, or replaced. */
export interface ViewPlan {
  /** Their tables have no more columns, or others: one that is replaced can only get further. */
  readonly remade: readonly string[];
  /** Of tables that the new ones lack: they would show old rows for ever, as if current. */
  readonly dropped: readonly string[];
  /** In words; nothing can be done while there are any. */
  readonly obstacles: readonly string[];
}

interface FoundRelation {
  readonly oid: number;
  readonly name: string;
  /** A program like this one made it: `select *` from the table of its name of some generation. */
  readonly ours: boolean;
  readonly columns: readonly string[];
}

const COLUMNS = `array(
  select concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod), attcollation)
  from pg_attribute where attrelid = found.oid and attnum > 0 and not attisdropped
  order by attnum)`;

/** What has the name of a view, and every view of ours whatever its name: by what it is made of. */
async function findRelations(
  client: Queries,
  all: readonly Generation[],
): Promise<readonly FoundRelation[]> {
  const { rows } = await client.query<FoundRelation>(
    `select * from (
       select found.oid, found.relname as name, ${COLUMNS} as columns,
         found.relkind = 'v' and found.relname <> all($2::text[]) and exists (
           select from pg_rewrite
           join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
           join pg_class as kept on refclassid = 'pg_class'::regclass and refobjid = kept.oid
           join pg_namespace as tables on tables.oid = kept.relnamespace
           where ev_class = found.oid and kept.relname = found.relname
             and tables.nspname = any($3::text[])
         ) as ours
       from pg_class as found join pg_namespace on pg_namespace.oid = found.relnamespace
       where nspname = $1
     ) as relations
     where ours or name = any($4::text[]) order by name`,
    [VIEW_SCHEMA, TAKEN_NAMES, all.map(({ schema }) => schema), seenNames],
  );
  return rows;
}

async function columnsOf(
  client: Queries,
  schema: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select found.relname as name, ${COLUMNS} as columns
     from pg_class as found join pg_namespace on pg_namespace.oid = found.relnamespace
     where nspname = $1 and found.relname = any($2::text[])`,
    [schema, seenNames],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** What would have to go with a view: views, functions and others that were made of it. */
async function dependantsOf(client: Queries, oid: number): Promise<readonly string[]> {
  const { rows } = await client.query<{ dependant: string }>(
    `select distinct case when ev_class is null then pg_describe_object(classid, objid, objsubid)
         else pg_describe_object('pg_class'::regclass, ev_class, 0) end as dependant
     from pg_depend left join pg_rewrite
       on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
     where deptype = 'n' and ev_class is distinct from $1::oid and (
       refclassid = 'pg_class'::regclass and refobjid = $1::oid
       or refclassid = 'pg_type'::regclass and refobjid in (
         select pg_type.oid from pg_type join pg_class
           on pg_type.oid = reltype or typelem = reltype where pg_class.oid = $1::oid))
     order by dependant`,
    [oid],
  );
  return rows.map(({ dependant }) => dependant);
}

/** @throws PostgresError */
export async function planViews(
  client: Queries,
  schema: string,
  all: readonly Generation[],
): Promise<ViewPlan> {
  try {
    const next = await columnsOf(client, schema);
    const plan = { remade: [] as string[], dropped: [] as string[], obstacles: [] as string[] };
    for (const { oid, name, ours, columns } of await findRelations(client, all)) {
      const wanted = next.get(name);
      const view = `${VIEW_SCHEMA}.${name}`;
      if (!ours) {
        plan.obstacles.push(`${view} is there, and no view of the projections`);
        continue;
      }
      if (wanted !== undefined && columns.every((each, index) => each === wanted[index])) continue;
      plan[wanted === undefined ? 'dropped' : 'remade'].push(name);
      const change = wanted === undefined ? 'there is no more' : 'gets other columns';
      for (const dependant of await dependantsOf(client, oid)) {
        plan.obstacles.push(`${dependant} depends on ${view}, which ${change}`);
      }
    }
    return plan;
  } catch (error) {
    throw toPostgresError(error);
  }
}

/** As statements: a view that is made anew has none of them. */
async function grantsOn(
  client: pg.ClientBase,
  name: string,
  schema: string,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ grant: string }>(
    `with given as (
       select relowner, relacl as acl, null as attname from pg_class where oid = $1::regclass
       union all
       select relowner, attacl, attname from pg_class join pg_attribute on attrelid = pg_class.oid
       where pg_class.oid = $1::regclass and attacl is not null and attnum > 0
         and attname in (select attname from pg_attribute where attrelid = $2::regclass)
     )
     select format('grant %s%s on %s to %s%s', privilege_type, ' (' || quote_ident(attname) || ')',
       $1::text, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
       case when is_grantable then ' with grant option' else '' end) as grant
     from given, aclexplode(acl) where grantee <> relowner`,
    [viewOf(name), qualified(schema, name)],
  );
  return rows.map(({ grant }) => grant);
}

function viewOf(name: string): string {
  return `${quote(VIEW_SCHEMA)}.${quote(name)}`;
}

/** Analysts see the comments of a table on its view too. */
async function copyComments(client: pg.ClientBase, schema: string, name: string): Promise<void> {
  const { rows } = await client.query<{ attname: string | null; description: string }>(
    `select attname, description from pg_description
     left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
     where objoid = $1::regclass and classoid = 'pg_class'::regclass order by objsubid`,
    [qualified(schema, name)],
  );
  const view = viewOf(name);
  for (const { attname, description } of rows) {
    const target = attname === null ? `view ${view}` : `column ${view}.${quote(attname)}`;
    await client.query(`comment on ${target} is ${quoteText(description)}`);
  }
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Others may have made something of the view since the plan: that is an obstacle too. */
async function dropView(client: pg.ClientBase, schema: string, name: string): Promise<void> {
  try {
    await client.query(`drop view ${viewOf(name)}`);
  } catch (error) {
    const { sqlState } = toPostgresError(error);
    if (sqlState !== DEPENDANTS) throw error;
    throw new ViewObstacleError(schema, [`others depend on ${VIEW_SCHEMA}.${name}, which goes`]);
  }
}

/** dependent_objects_still_exist. */
const DEPENDANTS = '2BP01';

/**
 * Puts the tables of a schema behind the names that readers and analysts use. Views stay what they
 * are where they can, with the rights on them and what was made of them.
 * @throws PostgresError, ViewObstacleError
 */
export async function makeViews(
  client: pg.ClientBase,
  schema: string,
  plan: ViewPlan,
): Promise<void> {
  if (plan.obstacles.length > 0) throw new ViewObstacleError(schema, plan.obstacles);
  for (const name of plan.dropped) await dropView(client, schema, name);
  for (const name of seenNames) {
    const isRemade = plan.remade.includes(name);
    const grants = isRemade ? await grantsOn(client, name, schema) : [];
    if (isRemade) await dropView(client, schema, name);
    const made = `create or replace view ${viewOf(name)}`;
    await client.query(`${made} as select * from ${qualified(schema, name)}`);
    await copyComments(client, schema, name);
    for (const grant of grants) await client.query(grant);
  }
}
