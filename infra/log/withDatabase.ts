import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config/loadConfig.js';
import type { AdapterLog } from '../postgres/connection.js';
import { startEmbeddedPostgres } from '../postgres/embeddedPostgres.js';
import { runningEmbeddedUrl } from '../postgres/runningEmbedded.js';
import type { LogConfig } from './openLog.js';

/**
 * Runs `work` with a database: the configured one, the embedded one of a platform that runs, or,
 * when none does, the embedded one of the data folder, started for this and stopped afterwards.
 */
export async function withDatabase<T>(
  options: { readonly config: LogConfig; readonly dataDir: string; readonly logger: AdapterLog },
  work: (databaseUrl: string) => Promise<T>,
): Promise<T> {
  const { config, dataDir, logger } = options;
  if (config.databaseUrl !== undefined) return work(config.databaseUrl);
  if (config.log === 'kafka') return work('');
  const folder = join(dataDir, 'postgres');
  if (!existsSync(folder)) {
    throw new ConfigError(`no platform has run on ${dataDir}: give --data-dir or --database-url`);
  }
  const running = await runningEmbeddedUrl(folder);
  if (running !== null) return work(running);
  const postgres = await startEmbeddedPostgres({ dataDir: folder, log: logger });
  try {
    return await work(postgres.url);
  } finally {
    await postgres.stop();
  }
}
