import { join, resolve } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/loadConfig.js';
import { flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { logOptions, openLog } from '../log/openLog.js';
import { withDatabase } from '../log/withDatabase.js';
import { createLogger } from '../telemetry/logger.js';
import { verifyLog } from '../verify/verifyLog.js';

const configSchema = z.object({
  ...logOptions,
  dataDir: z.string().default('.data'),
  genesis: z.string().optional(),
  from: z.coerce.number().int().min(0).default(0),
  json: flag.default(false),
});

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
  const report = await withDatabase({ config, dataDir, logger }, async (databaseUrl) => {
    const log = await openLog({ ...config, databaseUrl }, logger);
    try {
      return await verifyLog({
        genesis,
        shard: 0,
        reader: log.reader,
        fromHeight: config.from,
        verifiers: { signatures: nativeVerifier(), beacon: await createNativeBeacon() },
        onProgress: (line) => process.stderr.write(`${line}\n`),
      });
    } finally {
      await log.close();
    }
  });
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else
    for (const [name, value] of Object.entries(report)) process.stdout.write(`${name} ${value}\n`);
  if (!report.ok) process.exitCode = 1;
}
