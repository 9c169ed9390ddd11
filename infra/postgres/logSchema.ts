import type pg from 'pg';
import { withTransaction } from './connection.js';

/** SQLSTATEs that the functions of the schema raise; class NS is nobody's in the standard. */
export const FENCED_STATE = 'NS001';
export const NO_PARTITION_STATE = 'NS002';
const MALFORMED_STATE = 'NS003';

/** NOTIFY of this channel says that something was committed, and nothing else. */
export const WAKE_CHANNEL = 'nullspace_log';

/** Serialises creation by processes that start together; any constant of ours will do. */
const CREATION_LOCK = 0x6e756c6c;

/**
 * Tables of record batches. A batch is some records of one append and partition, framed one after
 * another (logFrame.ts); external storage because hashes and signatures do not compress.
 */
const TABLES = `
create schema if not exists nullspace_log;
create table nullspace_log.topics (
  id int generated always as identity primary key,
  name text not null unique,
  compacted boolean not null,
  max_message_bytes int not null check (max_message_bytes > 0)
);
create table nullspace_log.partitions (
  id int generated always as identity primary key,
  topic_id int not null references nullspace_log.topics,
  partition int not null check (partition >= 0),
  next_offset bigint not null default 0,
  unique (topic_id, partition)
) with (fillfactor = 20);
create table nullspace_log.batches (
  partition_id int not null references nullspace_log.partitions,
  base_offset bigint not null,
  record_count int not null check (record_count > 0),
  size_bytes int not null check (size_bytes > 0),
  payload bytea not null,
  primary key (partition_id, base_offset)
);
alter table nullspace_log.batches alter column payload set storage external;
create table nullspace_log.writers (
  id text primary key,
  epoch bigint not null
);`;

/**
 * Writers call these and have no other right to write: nobody rewrites history, and an append is
 * one statement, so that no lock ever waits for a client. The writer's row is locked for the
 * append, which makes a new writer wait for an old one's last append and fences it from then on.
 * Batches come in ascending order of partition id, so that two writers cannot deadlock.
 */
const FUNCTIONS = `
create function nullspace_log.open_writer(writer text) returns bigint
language sql security definer set search_path = nullspace_log, pg_temp as $$
  insert into writers as w (id, epoch) values (writer, 1)
  on conflict (id) do update set epoch = w.epoch + 1
  returning epoch
$$;
create function nullspace_log.append(
  writer text, writer_epoch bigint,
  partition_ids int[], record_counts int[], byte_counts int[], payload bytea
) returns void
language plpgsql security definer set search_path = nullspace_log, pg_temp as $$
declare
  current_epoch bigint;
  base bigint;
  start int := 1;
begin
  select w.epoch into current_epoch from writers w where w.id = writer for share;
  if current_epoch is distinct from writer_epoch then
    raise exception 'writer % has epoch %, not %', writer, current_epoch, writer_epoch
      using errcode = '${FENCED_STATE}';
  end if;
  for i in 1..cardinality(partition_ids) loop
    if i > 1 and partition_ids[i] < partition_ids[i - 1] then
      raise exception 'partitions out of order' using errcode = '${MALFORMED_STATE}';
    end if;
    update partitions p set next_offset = p.next_offset + record_counts[i]
      where p.id = partition_ids[i]
      returning p.next_offset - record_counts[i] into base;
    if not found then
      raise exception 'no partition %', partition_ids[i] using errcode = '${NO_PARTITION_STATE}';
    end if;
    insert into batches values (
      partition_ids[i], base, record_counts[i], byte_counts[i],
      substring(payload from start for byte_counts[i])
    );
    start := start + byte_counts[i];
  end loop;
  if start <> length(payload) + 1 then
    raise exception 'payload of another length' using errcode = '${MALFORMED_STATE}';
  end if;
  perform pg_notify('${WAKE_CHANNEL}', '');
end $$;
revoke all on function nullspace_log.open_writer, nullspace_log.append from public;`;

/** Creates schema `nullspace_log` unless it exists. Needs no right to create when it does. */
export async function ensureLogSchema(pool: pg.Pool): Promise<void> {
  if (await exists(pool)) return;
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [CREATION_LOCK]);
    if (!(await exists(client))) await client.query(TABLES + FUNCTIONS);
  });
}

/** Asks the catalog itself: a name looked up before the lock may still be remembered as missing. */
async function exists(client: pg.Pool | pg.PoolClient): Promise<boolean> {
  const { rowCount } = await client.query(`
    select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = 'nullspace_log' and relname = 'writers'`);
  return rowCount !== 0;
}

/** Lets `role` (made when missing, without login) read the log. Run by the schema's owner. */
export async function grantLogReader(pool: pg.Pool, role = 'nullspace_reader'): Promise<void> {
  await grant(pool, role, (name) => [
    `grant usage on schema nullspace_log to ${name}`,
    `grant select on all tables in schema nullspace_log to ${name}`,
  ]);
}

/**
 * Lets `role` (made when missing, without login) read the log and append to it, and nothing else:
 * it can neither update nor delete nor insert by its own statements.
 */
export async function grantLogPublisher(
  pool: pg.Pool,
  role = 'nullspace_publisher',
): Promise<void> {
  await grantLogReader(pool, role);
  await grant(pool, role, (name) => [
    `grant execute on function nullspace_log.open_writer, nullspace_log.append to ${name}`,
  ]);
}

async function grant(
  pool: pg.Pool,
  role: string,
  statements: (name: string) => readonly string[],
): Promise<void> {
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [CREATION_LOCK]);
    const name = client.escapeIdentifier(role);
    const found = await client.query('select 1 from pg_roles where rolname = $1', [role]);
    if (found.rowCount === 0) await client.query(`create role ${name} nologin`);
    for (const statement of statements(name)) await client.query(statement);
  });
}
