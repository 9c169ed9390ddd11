import { present } from '../../../schemas/kernel/assert.js';
import { type AdapterLog, connectClient } from '../connection.js';
import { PostgresError } from '../errors.js';
import { queryRows } from './primary.js';
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
 * Has a standby take writes, and returns when it has taken one. Refuses while the old primary
 * answers, where its URL is given: two that take writes part for ever.
 * @throws PostgresError primaryAlive, startTimeout
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
      await queryRows(client, 'select pg_promote(true, $1)', [PROMOTE_SECONDS]);
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

async function refuseLivePrimary(url: string, log: AdapterLog): Promise<void> {
  let status: { readonly isStandby: boolean };
  try {
    status = await readServerStatus(url, log, OLD_PRIMARY_MS);
  } catch (error) {
    if (error instanceof PostgresError && error.code === 'unreachable') return;
    throw error;
  }
  if (status.isStandby) return;
  throw new PostgresError(
    'primaryAlive',
    `${serverName(url)} still takes writes: stop it first, so that it never does again`,
  );
}
