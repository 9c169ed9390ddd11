import { chownSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterFolder } from './clusterFolder.js';
import { codeOfServerOutput, PostgresError } from './errors.js';
import type { ServerBinaries } from './serverBinaries.js';
import { lastWords, runServerProgram } from './serverProgram.js';

/** Superuser of every embedded server. */
export const SERVER_ROLE = 'nullspace';

/**
 * How often what did not wait for the disk is brought there, and so to standbys: each 200 ms by
 * PostgreSQL's own default (manual, "Asynchronous Commit").
 */
export const WAL_WRITER_DELAY_MS = 10;

/**
 * Written to postgresql.conf once, so that an operator may change them there. Commits are durable,
 * and those of the projections, which do not wait for that, are a few ms later.
 * Errors of statements are not logged: their senders get them, and a server log stays small.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  wal_writer_delay: `${WAL_WRITER_DELAY_MS}ms`,
  shared_buffers: '128MB',
  max_connections: '100',
  max_wal_size: '2GB',
  min_wal_size: '160MB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_min_messages: 'log',
};

/**
 * Makes the cluster: SCRAM passwords for everybody, UTF-8, the built-in C.UTF-8 locale (needs none
 * of the system's). Either it is complete under its name, or there is none. @throws PostgresError
 */
export async function initCluster(
  binaries: ServerBinaries,
  cluster: ClusterFolder,
  password: string,
): Promise<void> {
  const draft = `${cluster.pgdata}.new`;
  const passwordFile = join(cluster.home, 'password.new');
  rmSync(draft, { recursive: true, force: true });
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (cluster.user !== null) chownSync(passwordFile, cluster.user.uid, cluster.user.gid);
    const args = [
      `--pgdata=${draft}`,
      `--username=${SERVER_ROLE}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`),
    ];
    const { code, output } = await runServerProgram(binaries.initdb, args, cluster);
    if (code !== 0) {
      const cause = codeOfServerOutput(output, 'initFailed');
      throw new PostgresError(cause, `the database could not be made: ${lastWords(output)}`);
    }
    renameSync(draft, cluster.pgdata);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw asInitError(error);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function asInitError(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return new PostgresError('diskFull', message, { cause: error });
  if (code === 'EACCES') return new PostgresError('permission', message, { cause: error });
  return new PostgresError('initFailed', `initdb: ${message}`, { cause: error });
}
