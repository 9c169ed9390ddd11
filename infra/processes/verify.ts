import { join, resolve } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/loadConfig.js';
import { flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { type LogConfig, logOptions, openLog } from '../log/openLog.js';
import { withDatabase } from '../log/withDatabase.js';
import { createLogger } from '../telemetry/logger.js';
import { type VerifyProgress, type VerifyReport, verifyLog } from '../verify/verifyLog.js';
import { readSettings } from './clusterFolder.js';
import { clusterBrokers } from './clusterServices.js';

const configSchema = z.object({
  ...logOptions,
  log: logOptions.log.removeDefault().optional(),
  dataDir: z.string().default('.data'),
  genesis: z.string().optional(),
  from: z.coerce.number().int().min(0).default(0),
  json: flag.default(false),
});

const PROGRESS_MS = 500;

/** One line on a terminal that is written over; nothing elsewhere. */
function progressLine(): (progress: VerifyProgress) => void {
  if (!process.stderr.isTTY) return () => undefined;
  let saidMs = 0;
  return ({ height, share }) => {
    const nowMs = performance.now();
    if (share < 1 && nowMs - saidMs < PROGRESS_MS) return;
    saidMs = nowMs;
    const end = share < 1 ? '' : '\n';
    process.stderr.write(`\rheight ${height}, ${Math.floor(100 * share)} % read${end}`);
  };
}

function show({ faults = [], ...figures }: VerifyReport): void {
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name} ${value}\n`);
  for (const fault of faults) process.stdout.write(`fault ${fault}\n`);
}

/** The log that the call names, else the one that the cluster of the data folder has. */
function chosenLog(config: z.infer<typeof configSchema>, dataDir: string): LogConfig {
  const settings = readSettings(dataDir);
  const log = config.log ?? settings?.log ?? 'postgres';
  const { databaseUrl } = config;
  if (log === 'postgres' || config.kafkaBrokers.length > 0 || settings === null) {
    return { log, databaseUrl, kafkaBrokers: config.kafkaBrokers };
  }
  return { log, databaseUrl, kafkaBrokers: clusterBrokers(settings).split(',') };
}

/**
 * `nullspace verify`: executes the log from genesis and checks every certificate, root and event,
 * while the platform runs or not. `--from` says from which height on what is found is counted.
 */
export async function verify(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const dataDir = resolve(process.env.INIT_CWD ?? '.', config.dataDir);
  installNativeCrypto();
  const genesis = readGenesis(config.genesis ?? join(dataDir, 'genesis.json'));
  const logger = createLogger('verify', 'warn');
  const chosen = chosenLog(config, dataDir);
  const report = await withDatabase({ config: chosen, dataDir, logger }, async (databaseUrl) => {
    const log = await openLog({ ...chosen, databaseUrl }, logger);
    try {
      return await verifyLog({
        genesis,
        shard: 0,
        reader: log.reader,
        fromHeight: config.from,
        verifiers: { signatures: nativeVerifier(), beacon: await createNativeBeacon() },
        onProgress: progressLine(),
      });
    } finally {
      await log.close();
    }
  });
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else show(report);
  if (!report.ok) process.exitCode = 1;
}
