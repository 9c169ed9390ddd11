import type pg from 'pg';
import { VISIBLE_CHANNEL } from '../../projections/readModels.js';
import type { StartWakeups } from '../../query/ports.js';
import { present } from '../../schemas/kernel/assert.js';
import { type ConnectionOptions, connectClient } from '../postgres/connection.js';

/** How soon a lost connection is replaced. */
const CONNECT_AGAIN_MS = 500;
const CONNECT_MS_MAX = 2_000;

/**
 * What projectors notify with each commit. Of the first of `urls` that lets one listen, tried in
 * turn: a standby does not, before it is promoted.
 */
export function listenWakeups(
  options: Omit<ConnectionOptions, 'url'> & { readonly urls: readonly string[] },
): StartWakeups {
  const { urls, ...others } = options;
  return (wake) => {
    const { log } = options;
    let attempts = 0;
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
      const url = present(urls[attempts % urls.length], 'a database to listen at');
      attempts += 1;
      let listens = false;
      try {
        const connection = { connectTimeoutMs: CONNECT_MS_MAX, ...others, url };
        const fresh = await connectClient(connection, (error) => {
          const what = 'notifications lost, polling until they are back';
          if (listens && !closed) log.warn({ err: error }, what);
          later();
        });
        client = fresh;
        fresh.on('notification', ({ payload }) => wake(Number(payload)));
        await fresh.query(`listen ${VISIBLE_CHANNEL}`);
        listens = true;
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
