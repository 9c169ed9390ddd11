import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { VERIFY_PARTS_MAX } from '../../schemas/limits.js';
import { topicNames } from '../../schemas/topics.js';
import { callerPath } from '../config/callerPath.js';
import { loadConfig } from '../config/loadConfig.js';
import { count, flag } from '../config/optionTypes.js';
import { withBeaconVerifier } from '../crypto/beaconVerifier.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { VerifyPool } from '../crypto/verifyPool.js';
import { openSnapshotArchive } from '../recovery/snapshotArchive.js';
import { verifyOnThread } from '../verify/partThread.js';
import { planParts } from '../verify/planParts.js';
import { type VerifyReport, verifyLog } from '../verify/verifyLog.js';
import { verifyParts } from '../verify/verifyParts.js';
import { requireReached } from './heightRange.js';
import { progressLine } from './progressLine.js';
import { type StoredLog, storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  from: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('the first height that is counted; the log is executed from genesis'),
  snapshotArchive: z
    .string()
    .optional()
    .describe('folder of states that parts begin at; default that of the data folder'),
  parts: count(VERIFY_PARTS_MAX)
    .default(Math.min(availableParallelism(), VERIFY_PARTS_MAX))
    .describe('of the log, verified side by side; 1: in one piece'),
  json: flag.default(false),
});
type Config = z.infer<typeof configSchema>;

const SHARD = 0;

function show({ faults = [], ...figures }: VerifyReport): void {
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name} ${value}\n`);
  for (const fault of faults) process.stdout.write(`fault ${fault}\n`);
}

/** In one piece, with signatures on all cores, saying how far it is. @throws LogError */
export async function verifyStored(
  { genesis, log }: Pick<StoredLog, 'genesis' | 'log'>,
  fromHeight: number,
): Promise<VerifyReport> {
  const envelopes = await VerifyPool.open({ workers: availableParallelism() });
  try {
    return await withBeaconVerifier((beacons) =>
      verifyLog({
        ...{ genesis, shard: SHARD, reader: log.reader, fromHeight },
        ...{ signatures: nativeVerifier(), beacons, envelopes },
        onProgress: progressLine(),
      }),
    );
  } finally {
    await envelopes.close();
  }
}

/** Side by side, behind states of an archive. Null: not so, or not sound. @throws LogError */
async function verifySideBySide(
  { genesis, log, logConfig }: StoredLog,
  { from, parts }: Config,
  archive: string,
): Promise<VerifyReport | null> {
  if (parts < 2 || !existsSync(archive)) return null;
  const chainId = chainIdOf(genesis);
  const planned = await planParts({
    ...{ reader: log.reader, topics: topicNames(chainId), shard: SHARD, parts },
    eventPartitions: genesis.eventPartitions,
    heights: openSnapshotArchive(archive, chainId, SHARD).heights(),
  });
  if (planned.length < 2) return null;
  const report = await verifyParts(
    planned,
    (part, onProgress, stop) => {
      const order = { genesis, shard: SHARD, log: logConfig, archive, part, fromHeight: from };
      return verifyOnThread(order, onProgress, stop);
    },
    progressLine(),
  );
  if (report === null) {
    process.stderr.write('verify: not sound in parts; in one piece, to say where and why\n');
  }
  return report;
}

/**
 * `nullspace verify`: executes the log from genesis and checks every certificate, root and event,
 * while the platform runs or not. `--from` says from which height on what is found is counted.
 * @throws ConfigError when the log ends before it
 */
export async function verify(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const report = await withStoredLog(config, 'verify', async (stored) => {
    const { snapshotArchive } = config;
    const archive =
      snapshotArchive === undefined ? join(stored.dataDir, 'archive') : callerPath(snapshotArchive);
    const report = await verifySideBySide(stored, config, archive);
    return report ?? verifyStored(stored, config.from);
  });
  // Where it is not sound, its faults say more of why it ends there.
  if (report.ok) requireReached({ from: config.from }, report.height);
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else show(report);
  if (!report.ok) process.exitCode = 1;
}
