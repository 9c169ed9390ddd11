import type pg from 'pg';
import { VISIBLE_CHANNEL } from '../../projections/readModels.js';
import type { StartWakeups } from '../../query/ports.js';
import { type ConnectionOptions, connectClient } from '../postgres/connection.js';

/** How soon a lost connection is replaced. */
const CONNECT_AGAIN_MS = 500;
const CONNECT_MS_MAX = 2_000;

/** What projectors notify with each commit; of a primary, since a standby lets nobody listen. */
export function listenWakeups(options: ConnectionOptions): StartWakeups {
  const connection = { connectTimeoutMs: CONNECT_MS_MAX, ...options };
  return (wake) => {
    const { log } = connection;
    let closed = false;
    let client: pg.Client | null = null;
    let retry: NodeJS.Timeout | null = null;

    const later = (): void => {
      client = null;
      if (closed || retry !== null) return;
      retry = setTimeout(() => {
        retry = null;
        connecting = connect();
      }, CONNECT_AGAIN_MS);
    };
    const connect = async (): Promise<void> => {
      try {
        const fresh = await connectClient(connection, (error) => {
          if (!closed) log.warn({ err: error }, 'notifications lost, polling until they are back');
          later();
        });
        client = fresh;
        fresh.on('notification', ({ payload }) => wake(Number(payload)));
        await fresh.query(`listen ${VISIBLE_CHANNEL}`);
        wake(0); // what came before the server listened for us was told to nobody
      } catch (error) {
        log.debug({ err: error }, 'cannot listen yet');
        const failed = client;
        later();
        await failed?.end();
      }
    };
    let connecting = connect();
    return {
      async close() {
        closed = true;
        if (retry !== null) clearTimeout(retry);
        await connecting;
        await client?.end();
      },
    };
  };
}
