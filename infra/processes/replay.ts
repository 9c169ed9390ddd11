import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { SNAPSHOT_EVERY_HEIGHTS, SNAPSHOT_EVERY_HEIGHTS_MAX } from '../../schemas/limits.js';
import { callerPath } from '../config/callerPath.js';
import { loadConfig } from '../config/loadConfig.js';
import { count, flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { toFileError } from '../files/errors.js';
import { readEpochs } from '../recovery/readEpochs.js';
import { replayFolder } from '../recovery/replayFolder.js';
import { openSnapshotArchive } from '../recovery/snapshotArchive.js';
import { progressLine } from './progressLine.js';
import { storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  into: z.string().describe("the validator's data folder that is made, or gone on with"),
  snapshotArchive: z
    .string()
    .optional()
    .describe('folder of states: an empty folder begins there, and those made here are kept'),
  snapshotEvery: count(SNAPSHOT_EVERY_HEIGHTS_MAX)
    .default(SNAPSHOT_EVERY_HEIGHTS)
    .describe('heights from one snapshot of the state to the next'),
  json: flag.default(false),
});

const SHARD = 0;

/**
 * `nullspace replay --into FOLDER`: executes the log from the newest proven state on and leaves
 * what a validator that took part has: blocks, and the state at the log's end. Broken off, the same
 * command goes on at its last snapshot.
 */
export async function replay(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const folder = callerPath(config.into);
  const startMs = performance.now();
  const report = await withStoredLog(config, 'replay', async ({ genesis, log, logger }) => {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw toFileError(error, folder);
    }
    const archive =
      config.snapshotArchive === undefined
        ? null
        : openSnapshotArchive(callerPath(config.snapshotArchive), chainIdOf(genesis), SHARD);
    const { reader } = log;
    const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };
    const keys = await readEpochs({ genesis, shard: SHARD, reader, verifiers });
    return replayFolder({
      ...{ genesis, keys, reader, folder, archive, verifiers },
      snapshotEveryHeights: config.snapshotEvery,
      onPassedOver: (height, fault) =>
        logger.warn({ height, fault }, 'an archived snapshot is of no use'),
      onProgress: progressLine(),
    });
  });
  const seconds = Math.round(performance.now() - startMs) / 1_000;
  const all = { ...report, seconds };
  if (config.json) process.stdout.write(`${JSON.stringify(all)}\n`);
  else for (const [name, value] of Object.entries(all)) process.stdout.write(`${name} ${value}\n`);
}
