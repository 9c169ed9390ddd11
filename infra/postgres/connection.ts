import pg from 'pg';
import type { Logger } from 'pino';
import { PostgresError, toPostgresError } from './errors.js';

/** The part of a pino logger that the adapters use. */
export type AdapterLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

export interface ConnectionOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Shown in pg_stat_activity, so that an operator sees who holds what. */
  readonly applicationName: string;
  readonly log: AdapterLog;
  /** Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** The server cancels a longer statement; default 0, none. */
  readonly statementTimeoutMs?: number;
  /** An answer is waited for no longer, whatever the server does; default 0, for ever. */
  readonly answerTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(options.statementTimeoutMs ? { statement_timeout: options.statementTimeoutMs } : {}),
    ...(options.answerTimeoutMs ? { query_timeout: options.answerTimeoutMs } : {}),
  };
}

/**
 * A pool of at most `max` connections. Idle ones that break are logged and replaced, not thrown:
 * also those that the pool's `end` has left, which resolves before they have ended, so that a
 * server which stops right then still breaks them.
 */
export function createPool(options: ConnectionOptions & { readonly max: number }): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: options.max,
    idleTimeoutMillis: 30_000,
  });
  // A server that ends breaks all of them: said once, until there is a new one.
  let isLost = false;
  pool.on('error', (error) => {
    const level = isLost ? 'debug' : 'warn';
    isLost = true;
    options.log[level](
      { err: error, application: options.applicationName },
      'idle connection lost',
    );
  });
  // The pool listens to idle clients only, and a client that breaks while somebody holds it,
  // between two statements, would end the process. The holder's next statement fails and says so.
  pool.on('connect', (client) => {
    isLost = false;
    client.on('error', (error) => options.log.debug({ err: error }, 'connection broke in use'));
  });
  return pool;
}

/**
 * One connection of its own, connected. `onLost` is called once when it breaks or ends, whoever
 * ended it; one that was never made throws, and is not lost too. @throws PostgresError
 */
export async function connectClient(
  options: ConnectionOptions,
  onLost: (error: PostgresError) => void = () => {},
): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  let isLive = false;
  const lose = (error: unknown): void => {
    if (!isLive) return;
    isLive = false;
    onLost(toPostgresError(error));
  };
  client.on('error', lose);
  client.on('end', () => lose(new PostgresError('unreachable', 'the connection ended')));
  try {
    await client.connect();
  } catch (error) {
    throw toPostgresError(error);
  }
  isLive = true;
  return client;
}

/**
 * Runs `work` in a transaction of its own connection: commits when it resolves, rolls back when it
 * rejects, and drops the connection when even that fails. @throws PostgresError
 */
export async function withTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toPostgresError(error);
  });
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: unknown) => {
      broken = toPostgresError(rollbackError);
    });
    throw isDriverError(error) ? toPostgresError(error) : error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

const SOCKET_CODE = /^ERR_(SSL|TLS|SOCKET|STREAM)_/;
const DRIVER_WORDS =
  /^Connection terminated|not queryable|^Query read timeout|message from backend/;

/** Errors of the caller's own code (refusals, bugs) must not be renamed into database errors. */
function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('severity' in error || 'errno' in error) return true;
  const { code, message } = error as NodeJS.ErrnoException;
  return SOCKET_CODE.test(String(code)) || DRIVER_WORDS.test(message);
}
