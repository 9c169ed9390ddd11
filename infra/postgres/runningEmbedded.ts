import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { findCluster, readCredentials } from './clusterFolder.js';
import { DATABASE } from './embeddedPostgres.js';
import { readPostmaster } from './postmaster.js';
import { serverUrl } from './serverStart.js';
import { chooseServerUser } from './serverUser.js';

/** URL of the embedded server that runs on a data folder, or null when none does. */
export async function runningEmbeddedUrl(dataDir: string): Promise<string | null> {
  const folder = resolve(dataDir);
  const cluster = existsSync(folder) ? findCluster(folder, chooseServerUser()) : null;
  const postmaster = cluster === null ? null : readPostmaster(cluster.pgdata);
  if (postmaster === null || postmaster.port === null) return null;
  return serverUrl(readCredentials(folder), postmaster.port, DATABASE);
}
