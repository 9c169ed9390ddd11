import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { callerPath } from '../config/callerPath.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { type LogConfig, logOptions, openLog } from '../log/openLog.js';
import { withDatabase } from '../log/withDatabase.js';
import type { AdapterLog } from '../postgres/connection.js';
import { createLogger } from '../telemetry/logger.js';
import { readSettings } from './clusterFolder.js';
import { clusterBrokers } from './clusterServices.js';

/** Options of commands that read the log of a data folder, while its platform runs or not. */
export const storedLogOptions = {
  ...logOptions,
  log: logOptions.log
    .removeDefault()
    .optional()
    .describe('where the log is; default that of the data folder'),
  dataDir: z.string().default('.data').describe('of the platform whose log is read'),
  genesis: z.string().optional().describe('file of the chain; default that of the data folder'),
};

const schema = z.object(storedLogOptions);
export type StoredLogConfig = z.infer<typeof schema>;

/** The log that the call names, else the one that the cluster of the data folder has. */
function chosenLog(config: StoredLogConfig, dataDir: string): LogConfig {
  const settings = readSettings(dataDir);
  const log = config.log ?? settings?.log ?? 'postgres';
  if (log === 'postgres' || config.kafkaBrokers.length > 0 || settings === null) {
    return { ...config, log };
  }
  return { ...config, log, kafkaBrokers: clusterBrokers(settings).split(',') };
}

/** The chain that a data folder or the call names, and where its log is. @throws ConfigError */
export function storedChain(config: StoredLogConfig): {
  readonly dataDir: string;
  readonly genesis: Genesis;
  readonly chosen: LogConfig;
} {
  const dataDir = callerPath(config.dataDir);
  installNativeCrypto();
  const genesis = readGenesis(config.genesis ?? join(dataDir, 'genesis.json'));
  return { dataDir, genesis, chosen: chosenLog(config, dataDir) };
}

/** What a data folder, or the call, says of a chain. */
export interface StoredLog {
  readonly genesis: Genesis;
  readonly log: Log;
  /** By which another thread opens it. */
  readonly logConfig: LogConfig;
  readonly dataDir: string;
  /** Empty where the log is on Kafka and no database was named. */
  readonly databaseUrl: string;
  readonly logger: AdapterLog;
}

/**
 * Runs `work` with genesis and log of a data folder, and with its database where that holds the log
 * or the call `needsTables`. @throws ConfigError, LogError
 */
export async function withStoredLog<T>(
  config: StoredLogConfig,
  name: string,
  work: (stored: StoredLog) => Promise<T>,
  needsTables = false,
): Promise<T> {
  const { dataDir, genesis, chosen } = storedChain(config);
  const logger = createLogger(name, 'warn');
  const database = needsTables ? { ...chosen, log: 'postgres' as const } : chosen;
  return withDatabase({ config: database, dataDir, logger }, async (databaseUrl) => {
    const logConfig = { ...chosen, databaseUrl };
    const log = await openLog(logConfig, logger);
    try {
      return await work({ genesis, log, logConfig, dataDir, databaseUrl, logger });
    } finally {
      await log.close();
    }
  });
}
