import type pg from 'pg';
import { toLogError } from './logCatalog.js';
import { ensureLogSchema, grantLogPublisher, grantLogReader } from './logSchema.js';

export interface LogRoles {
  readonly publishers: readonly string[];
  readonly readers: readonly string[];
}

/** What roles may do beside what they need, in words. */
export interface RoleDifference {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

const TABLES = ['batches', 'partitions', 'topics', 'writers'];
const FUNCTIONS = ['append', 'open_writer'];
const READING = ['USAGE on nullspace_log', ...TABLES.map((name) => `SELECT on ${name}`)];
const PUBLISHING = [...READING, ...FUNCTIONS.map((name) => `EXECUTE on ${name}`)];

/** All that a role may do with the log, by itself, by roles it is in, or as anybody may. */
const RIGHTS = `
select privilege || ' on ' || relname as right from pg_class
  cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) privilege
  where relnamespace = 'nullspace_log'::regnamespace and relkind = 'r'
    and has_table_privilege($1, pg_class.oid, privilege)
union all
select 'EXECUTE on ' || proname from pg_proc
  where pronamespace = 'nullspace_log'::regnamespace
    and has_function_privilege($1, pg_proc.oid, 'EXECUTE')
union all
select privilege || ' on nullspace_log' from unnest(array['USAGE', 'CREATE']) privilege
  where has_schema_privilege($1, 'nullspace_log', privilege)`;

async function rightsOf(pool: pg.Pool, role: string): Promise<ReadonlySet<string>> {
  const { rowCount } = await pool.query('select 1 from pg_roles where rolname = $1', [role]);
  if (rowCount === 0) return new Set();
  const { rows } = await pool.query<{ right: string }>(RIGHTS, [role]);
  return new Set(rows.map(({ right }) => right));
}

/** Whether roles have the rights that they need on the log, and no others. @throws LogError */
export async function compareLogRoles(pool: pg.Pool, roles: LogRoles): Promise<RoleDifference> {
  const wanted = [
    ...roles.publishers.map((role) => [role, PUBLISHING] as const),
    ...roles.readers.map((role) => [role, READING] as const),
  ];
  const missing: string[] = [];
  const extra: string[] = [];
  for (const [role, rights] of wanted) {
    const found = await rightsOf(pool, role).catch((error: unknown) => {
      throw toLogError(error);
    });
    missing.push(...rights.filter((each) => !found.has(each)).map((each) => `${role} ${each}`));
    const more = [...found].filter((each) => !rights.includes(each));
    extra.push(...more.map((each) => `${role} ${each}`));
  }
  return { missing: missing.sort(), extra: extra.sort() };
}

/**
 * Makes roles that are missing (without login, for users to be members of) and gives what they
 * lack. What they may do besides is the operator's to judge: then nothing is changed. Run by the
 * owner of the database. @throws LogError
 */
export async function applyLogRoles(pool: pg.Pool, roles: LogRoles): Promise<RoleDifference> {
  try {
    await ensureLogSchema(pool);
    const found = await compareLogRoles(pool, roles);
    if (found.extra.length > 0 || found.missing.length === 0) return found;
    for (const role of roles.publishers) await grantLogPublisher(pool, role);
    for (const role of roles.readers) await grantLogReader(pool, role);
    return found;
  } catch (error) {
    throw toLogError(error);
  }
}
