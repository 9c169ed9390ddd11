import { VIEW_SCHEMA } from '../../../projections/readModels.js';
import { present } from '../../../schemas/kernel/assert.js';
import { type AdapterLog, connectClient } from '../connection.js';
import { isUnprojected } from '../errors.js';
import { qualified } from '../projectionSql.js';
import { queryRows } from './primary.js';

export interface ReplicaStatus {
  readonly name: string;
  readonly address: string | null;
  /** Null for a role that is no member of pg_monitor. */
  readonly state: string | null;
  /** Of the journal, between what the primary wrote and what the standby's readers see. */
  readonly bytesBehind: number | null;
  readonly slot: string | null;
}

export interface SlotStatus {
  readonly slot: string;
  readonly active: boolean;
  /** `lost`: its standby must be made anew. */
  readonly walStatus: string | null;
  readonly keptBytes: number | null;
}

export interface ServerStatus {
  readonly server: string;
  readonly isStandby: boolean;
  /** How a standby hears of its primary: `streaming`, or `away`; null of any other server. */
  readonly stream: string | null;
  /** Of the projections; null while there are none. */
  readonly visibleHeight: number | null;
  /** Megabytes; null without a bound. */
  readonly slotWalKeepMegabytes: number | null;
  readonly replicas: readonly ReplicaStatus[];
  readonly slots: readonly SlotStatus[];
}

const SHARD = 0;
/** The newest place in the journal, on either kind of server. */
const NEWEST = `case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
  else pg_current_wal_lsn() end`;

/** A database's address, without who asks it and with which password. */
export function serverName(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '5432'}`;
}

/** What a server says of itself, its standbys and their slots. @throws PostgresError */
export async function readServerStatus(
  url: string,
  log: AdapterLog,
  connectTimeoutMs?: number,
): Promise<ServerStatus> {
  const client = await connectClient({
    ...{ url, applicationName: 'nullspace-standby', log },
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  });
  try {
    const [row] = await queryRows<{ standby: boolean; keep: string; stream: string | null }>(
      client,
      `select pg_is_in_recovery() as standby,
         case when pg_is_in_recovery() then coalesce(
           (select coalesce(status, 'streaming') from pg_stat_wal_receiver), 'away') end as stream,
         (select setting from pg_settings where name = 'max_slot_wal_keep_size') as keep`,
    );
    const { standby, keep, stream } = present(row, 'one row');
    const replicas = await queryRows<ReplicaStatus & { readonly bytesBehind: string | null }>(
      client,
      `select application_name as name, host(client_addr) as address, state,
         pg_wal_lsn_diff(${NEWEST}, replay_lsn)::bigint as "bytesBehind", slot_name as slot
       from pg_stat_replication left join pg_replication_slots on active_pid = pid
       order by application_name`,
    );
    const slots = await queryRows<SlotStatus & { readonly keptBytes: string | null }>(
      client,
      `select slot_name as slot, active, wal_status as "walStatus",
         pg_wal_lsn_diff(${NEWEST}, restart_lsn)::bigint as "keptBytes"
       from pg_replication_slots order by slot_name`,
    );
    return {
      server: serverName(url),
      isStandby: standby,
      stream,
      visibleHeight: await readVisibleHeight(client),
      slotWalKeepMegabytes: Number(keep) < 0 ? null : Number(keep),
      replicas: replicas.map((each) => ({ ...each, bytesBehind: numberOf(each.bytesBehind) })),
      slots: slots.map((each) => ({ ...each, keptBytes: numberOf(each.keptBytes) })),
    };
  } finally {
    await client.end();
  }
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** Null where no projector has made tables yet. */
export async function readVisibleHeight(
  client: Parameters<typeof queryRows>[0],
): Promise<number | null> {
  const view = qualified(VIEW_SCHEMA, 'visible_height');
  try {
    const text = `select height from ${view} where shard = $1`;
    const [row] = await queryRows<{ height: string }>(client, text, [SHARD]);
    return row === undefined ? null : Number(row.height);
  } catch (error) {
    if (isUnprojected(error)) return null;
    throw error;
  }
}
