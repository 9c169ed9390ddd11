import type pg from 'pg';
import { present } from '../../../schemas/kernel/assert.js';
import { type AdapterLog, connectClient } from '../connection.js';
import { PostgresError } from '../errors.js';
import { PROMOTE_GRANT, queryRows } from './primary.js';
import { readServerStatus, readVisibleHeight, serverName } from './standbyStatus.js';

/** Of the old primary's answer, before a standby takes its place. */
const OLD_PRIMARY_MS = 5_000;
const PROMOTE_SECONDS = 60;

export interface Promotion {
  readonly server: string;
  /** False when it took writes before. */
  readonly promoted: boolean;
  readonly visibleHeight: number | null;
}

/**
 * Has a standby take writes, and returns when it has taken one. Refuses unless nothing listens at
 * the old primary's address, where its URL is given: two that take writes part for ever.
 * @throws PostgresError primaryAlive, startTimeout, permission
 */
export async function promoteStandby(options: {
  readonly standbyUrl: string;
  readonly oldPrimaryUrl: string | null;
  readonly log: AdapterLog;
}): Promise<Promotion> {
  const { standbyUrl: url, oldPrimaryUrl, log } = options;
  const client = await connectClient({ url, applicationName: 'nullspace-standby', log });
  try {
    const isStandby = async (): Promise<boolean> => {
      const rows = await queryRows<{ standby: boolean }>(
        client,
        'select pg_is_in_recovery() as standby',
      );
      return present(rows[0], 'one row').standby;
    };
    const promoted = await isStandby();
    if (promoted) {
      if (oldPrimaryUrl !== null) await refuseLivePrimary(oldPrimaryUrl, log);
      await askToPromote(client);
      if (await isStandby()) {
        const message = `${serverName(url)} is no primary after ${PROMOTE_SECONDS} s`;
        throw new PostgresError('startTimeout', message);
      }
    }
    // Only a server that takes writes gives out a transaction's number.
    await queryRows(client, 'select pg_current_xact_id()');
    const visibleHeight = await readVisibleHeight(client);
    return { server: serverName(url), promoted, visibleHeight };
  } finally {
    await client.end();
  }
}

async function askToPromote(client: pg.ClientBase): Promise<void> {
  try {
    await queryRows(client, 'select pg_promote(true, $1)', [PROMOTE_SECONDS]);
  } catch (error) {
    if (!(error instanceof PostgresError) || error.code !== 'permission') throw error;
    const message =
      `${error.message}: the role needs "${PROMOTE_GRANT}", and a standby takes no grants; ` +
      'run "pg_ctl promote -D PGDATA" on its machine';
    throw new PostgresError('permission', message, { cause: error });
  }
}

async function refuseLivePrimary(url: string, log: AdapterLog): Promise<void> {
  const server = serverName(url);
  const stop = 'stop it first, so that it never does again';
  try {
    const { isStandby } = await readServerStatus(url, log, OLD_PRIMARY_MS);
    if (isStandby) return;
  } catch (error) {
    if (!(error instanceof PostgresError) || error.code !== 'unreachable') throw error;
    if (nothingListens(error)) return;
    // One without free connections, shutting down or frozen goes on with sessions that it has.
    const message =
      error.sqlState === null
        ? `${server} could not be asked whether it takes writes (${error.message}): make sure ` +
          'that it is stopped for good, then leave out its URL'
        : `${server} answers (${error.message}): ${stop}`;
    throw new PostgresError('primaryAlive', message, { cause: error });
  }
  throw new PostgresError('primaryAlive', `${server} still takes writes: ${stop}`);
}

/** Its machine says that the port is closed: the only answer that a dead server has. */
function nothingListens({ cause }: PostgresError): boolean {
  return (cause as { readonly code?: unknown } | undefined)?.code === 'ECONNREFUSED';
}
