import type pg from 'pg';
import { present } from '../../../schemas/kernel/assert.js';
import { PostgresError, toPostgresError } from '../errors.js';

/** Settings that a standby must not have lower than its primary (PostgreSQL 18, 26.4.3). */
const NOT_LOWER = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

/** What lets a role promote a standby. Standbys have it from their primary. */
export const PROMOTE_GRANT = 'grant execute on function pg_promote(boolean, integer) to ROLE';

/** What a standby of a server has to know of it. */
export interface PrimaryFacts {
  readonly major: string;
  /** By name, the values that a standby needs as well. */
  readonly settings: Readonly<Record<string, string>>;
  readonly isSuperuser: boolean;
  readonly mayPromote: boolean;
  /** What dead slots may keep of the journal; null without a bound. */
  readonly slotWalKeepMegabytes: number | null;
  /** After so long at most, what did not wait for the disk goes there, and then to standbys. */
  readonly walWriterDelayMs: number;
}

/** Rows of a statement. @throws PostgresError */
export async function queryRows<Row extends pg.QueryResultRow>(
  client: pg.ClientBase | pg.Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } catch (error) {
    throw toPostgresError(error);
  }
}

interface FactsRow {
  readonly version: number;
  readonly standby: boolean;
  readonly wal_level: string;
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly promote: boolean;
  readonly senders: number;
  readonly slots_free: boolean;
  readonly keep: string;
  readonly delay: string;
}

/** @throws PostgresError unsuited when no standby can follow this server as it is set up */
export async function readPrimary(client: pg.ClientBase): Promise<PrimaryFacts> {
  const [row] = await queryRows<FactsRow>(
    client,
    `select current_setting('server_version_num')::int as version,
       pg_is_in_recovery() as standby, current_setting('wal_level') as wal_level,
       rolsuper as superuser, rolreplication as replication,
       has_function_privilege('pg_promote(boolean, integer)', 'execute') as promote,
       current_setting('max_wal_senders')::int
         - (select count(*)::int from pg_stat_replication) as senders,
       (select count(*) from pg_replication_slots)
         < current_setting('max_replication_slots')::int as slots_free,
       (select setting from pg_settings where name = 'max_slot_wal_keep_size') as keep,
       (select setting from pg_settings where name = 'wal_writer_delay') as delay
     from pg_roles where rolname = current_user`,
  );
  const facts = present(row, 'the row of the current role');
  const rows = await queryRows<{ name: string; setting: string }>(
    client,
    'select name, setting from pg_settings where name = any($1)',
    [[...NOT_LOWER]],
  );
  const faults = [
    facts.standby ? 'is a standby itself' : '',
    facts.wal_level === 'minimal' ? 'has wal_level=minimal (needs replica, and a restart)' : '',
    // The copy streams the journal beside the files: two at a time.
    facts.senders < 2 ? 'has no two of max_wal_senders left' : '',
    facts.slots_free ? '' : 'has no free slot (max_replication_slots)',
    facts.superuser || facts.replication ? '' : 'gives this role no REPLICATION',
  ].filter((fault) => fault !== '');
  if (faults.length > 0) {
    throw new PostgresError('unsuited', `the primary ${faults.join(', ')}`);
  }
  return {
    major: String(Math.floor(facts.version / 10_000)),
    settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    isSuperuser: facts.superuser,
    mayPromote: facts.promote,
    slotWalKeepMegabytes: Number(facts.keep) < 0 ? null : Number(facts.keep),
    walWriterDelayMs: Number(facts.delay),
  };
}

/**
 * A physical slot of this name for a standby that is to be made: made, or an inactive one of ours
 * again; one that has lost its journal is made anew. @throws PostgresError slotInUse
 */
export async function takeSlot(client: pg.ClientBase, slot: string): Promise<'made' | 'reused'> {
  const [found] = await queryRows<{
    slot_type: string;
    active: boolean;
    wal_status: string | null;
  }>(
    client,
    'select slot_type, active, wal_status from pg_replication_slots where slot_name = $1',
    [slot],
  );
  if (found?.active) {
    const message = `slot ${slot} is in use by a standby that streams: give another --name`;
    throw new PostgresError('slotInUse', message);
  }
  if (found !== undefined && found.slot_type !== 'physical') {
    throw new PostgresError('slotInUse', `slot ${slot} is a ${found.slot_type} one, not ours`);
  }
  if (found !== undefined && found.wal_status !== 'lost') return 'reused';
  if (found !== undefined) await dropSlot(client, slot);
  await queryRows(client, 'select pg_create_physical_replication_slot($1, true)', [slot]);
  return 'made';
}

export async function dropSlot(client: pg.ClientBase, slot: string): Promise<void> {
  await queryRows(client, 'select pg_drop_replication_slot($1)', [slot]);
}

/** Of the whole server, from now on; both are constants of ours. */
export async function setOfServer(
  client: pg.ClientBase,
  setting: string,
  value: string,
): Promise<void> {
  await queryRows(client, `alter system set ${setting} = '${value}'`);
  await queryRows(client, 'select pg_reload_conf()');
}
