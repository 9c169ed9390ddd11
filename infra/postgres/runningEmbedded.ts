import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findCluster, readCredentials } from './clusterFolder.js';
import { DATABASE } from './embeddedPostgres.js';
import { lockFolder } from './folderLock.js';
import { type Postmaster, readPostmaster, stopPostmaster } from './postmaster.js';
import { serverUrl } from './serverStart.js';
import { chooseServerUser } from './serverUser.js';

/** The folder of the server's own data, or null when there is none yet. */
function dataOf(dataDir: string): string | null {
  const folder = resolve(dataDir);
  return existsSync(folder) ? (findCluster(folder, chooseServerUser())?.pgdata ?? null) : null;
}

/** The embedded server that runs on a data folder, or null when none does. */
export function runningEmbedded(dataDir: string): Postmaster | null {
  const pgdata = dataOf(dataDir);
  return pgdata === null ? null : readPostmaster(pgdata);
}

/** URL of the embedded server that runs on a data folder, or null when none does. */
export async function runningEmbeddedUrl(dataDir: string): Promise<string | null> {
  const postmaster = runningEmbedded(dataDir);
  if (postmaster === null || postmaster.port === null) return null;
  return serverUrl(readCredentials(resolve(dataDir)), postmaster.port, DATABASE);
}

/**
 * Ends the server of a data folder, whoever started it; nothing to do is fine.
 * @throws PostgresError folderInUse while a supervisor holds the folder
 */
export async function stopEmbeddedPostgres(dataDir: string): Promise<void> {
  const pgdata = dataOf(dataDir);
  if (pgdata === null) return;
  const lock = lockFolder(join(resolve(dataDir), 'postgres.lock'));
  try {
    await stopPostmaster(pgdata);
  } finally {
    lock.release();
  }
}
