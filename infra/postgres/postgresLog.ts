import type { Log, LogWriter } from '../../schemas/log.js';
import { type AdapterLog, createPool } from './connection.js';
import { createLogCatalog, toLogError } from './logCatalog.js';
import { createPostgresReader } from './logReader.js';
import { ensureLogSchema } from './logSchema.js';
import { createLogWakeups } from './logWakeups.js';
import { openPostgresWriter } from './logWriter.js';

const READER_CONNECTIONS = 4;
const READ_TIMEOUT_MS = 30_000;

/**
 * The log in any Postgres (14 or later), in schema `nullspace_log`, created when it is missing.
 * Takes up to 4 connections to read, one to be woken, one a writer. @throws LogError
 */
export async function openPostgresLog(options: {
  readonly url: string;
  readonly log: AdapterLog;
  /** How long a reader that no notification wakes waits before it looks; default 0.5 s. */
  readonly pollMs?: number;
}): Promise<Log> {
  const { pollMs, ...server } = options;
  const connection = { ...server, applicationName: 'nullspace-log' };
  const pool = createPool({
    ...connection,
    max: READER_CONNECTIONS,
    statementTimeoutMs: READ_TIMEOUT_MS,
  });
  const catalog = createLogCatalog(pool);
  try {
    await ensureLogSchema(pool);
    await catalog.refresh();
  } catch (error) {
    await pool.end();
    throw toLogError(error);
  }
  const wakeups = createLogWakeups({ ...connection, ...(pollMs === undefined ? {} : { pollMs }) });
  const reader = createPostgresReader({ pool, catalog, wakeups, log: options.log });
  const writers = new Set<LogWriter>();
  const openWriter = async (writerId: string): Promise<LogWriter> => {
    const writer = await openPostgresWriter(connection, catalog, writerId);
    const close = async (): Promise<void> => {
      writers.delete(writer);
      await writer.close();
    };
    writers.add(writer);
    return { append: writer.append, close };
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all([...writers].map((writer) => writer.close()));
    await reader.close();
    await wakeups.close();
    await pool.end();
  };
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => (closing ??= closeAll());
  return { reader, openWriter, ensureTopics: catalog.ensureTopics, close };
}
