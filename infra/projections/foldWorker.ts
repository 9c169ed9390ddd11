import { workerData } from 'node:worker_threads';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { openLog } from '../log/openLog.js';
import { createLogger } from '../telemetry/logger.js';
import { foldTables } from './foldTables.js';
import type { FoldOrder } from './foldThread.js';
import { wallTimer } from './wallTimer.js';

// The thread of foldThread.ts: folds its sources to the end of the log, and ends.
const { genesis, log: logConfig, url, schema, partitions } = workerData as FoldOrder;
installNativeCrypto();
const beacons = await createNativeBeacon();
const verifiers = { signatures: nativeVerifier(), beacon: beacons };
const logger = createLogger('rebuild', 'warn');
const log = await openLog(logConfig, logger);
try {
  const { reader } = log;
  const options = { url, genesis, reader, verifiers, beacons, timer: wallTimer, log: logger };
  await foldTables(options, schema, {
    partitions,
    isEnough: async (sources) => sources.every(({ caughtUp }) => caughtUp),
  });
} finally {
  await log.close();
}
