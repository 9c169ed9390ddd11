import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { loadConfig } from '../config/loadConfig.js';
import { flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { VerifyPool } from '../crypto/verifyPool.js';
import { type VerifyReport, verifyLog } from '../verify/verifyLog.js';
import { progressLine } from './progressLine.js';
import { type StoredLog, storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  from: z.coerce.number().int().min(0).default(0),
  json: flag.default(false),
});

function show({ faults = [], ...figures }: VerifyReport): void {
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name} ${value}\n`);
  for (const fault of faults) process.stdout.write(`fault ${fault}\n`);
}

/** On all cores, saying how far it is. @throws LogError */
export async function verifyStored(
  { genesis, log }: Pick<StoredLog, 'genesis' | 'log'>,
  fromHeight: number,
): Promise<VerifyReport> {
  const beacon = await createNativeBeacon();
  const envelopes = await VerifyPool.open({ workers: availableParallelism() });
  try {
    return await verifyLog({
      ...{ genesis, shard: 0, reader: log.reader, fromHeight },
      verifiers: { signatures: nativeVerifier(), beacon },
      envelopes,
      onProgress: progressLine(),
    });
  } finally {
    await envelopes.close();
  }
}

/**
 * `nullspace verify`: executes the log from genesis and checks every certificate, root and event,
 * while the platform runs or not. `--from` says from which height on what is found is counted.
 */
export async function verify(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const report = await withStoredLog(config, 'verify', (stored) =>
    verifyStored(stored, config.from),
  );
  if (config.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else show(report);
  if (!report.ok) process.exitCode = 1;
}
