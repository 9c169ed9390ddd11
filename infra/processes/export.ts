import { z } from 'zod';
import { EXPORT_HEIGHTS_PER_FILE, EXPORT_HEIGHTS_PER_FILE_MAX } from '../../schemas/limits.js';
import { callerPath } from '../config/callerPath.js';
import { loadConfig } from '../config/loadConfig.js';
import { count, flag } from '../config/optionTypes.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { exportHeights } from '../export/exportHeights.js';
import { heightRange, heightRangeOptions, requireReached } from './heightRange.js';
import { storedLogOptions, withStoredLog } from './storedLog.js';

const configSchema = z.object({
  ...storedLogOptions,
  ...heightRangeOptions,
  out: z.string().describe('folder of the files; called again the export goes on there'),
  format: z.enum(['avro', 'parquet', 'both']).default('avro').describe('of the files'),
  heightsPerFile: count(EXPORT_HEIGHTS_PER_FILE_MAX)
    .default(EXPORT_HEIGHTS_PER_FILE)
    .describe('how many a file has'),
  json: flag.default(false),
});

/**
 * `nullspace export --out DIR`: verified heights as files that analysts' tools read, and a manifest
 * with their hashes. Called again it goes on. @throws ConfigError when the log ends before `--to`
 */
export async function exportCommand(argv: readonly string[]): Promise<void> {
  const config = loadConfig(configSchema, argv, process.env);
  const range = heightRange(config);
  const folder = callerPath(config.out);
  // Until the log's end is seen.
  let endHeight = Number.MAX_SAFE_INTEGER;
  const manifest = await withStoredLog(config, 'export', async ({ genesis, log }) =>
    exportHeights({
      ...{ genesis, shard: 0, reader: log.reader, folder, ...range },
      ...{ signatures: nativeVerifier(), beacons: await createNativeBeacon() },
      formats: config.format === 'both' ? ['avro', 'parquet'] : [config.format],
      heightsPerFile: config.heightsPerFile,
      onEnd: (lastHeight) => {
        endHeight = lastHeight;
      },
      onFiles: ({ toHeight }) => {
        if (process.stderr.isTTY) process.stderr.write(`\rheight ${toHeight}`);
      },
    }),
  );
  requireReached({ from: config.from }, endHeight);
  const { fromHeight, toHeight, files } = manifest;
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const report = { fromHeight, toHeight, files: files.length, records, folder };
  const lines = Object.entries(report).map(([name, value]) => `${name} ${value}\n`);
  process.stdout.write(config.json ? `${JSON.stringify(report)}\n` : lines.join(''));
  // What there is was written: called again, the export goes on there.
  requireReached(config, endHeight);
}
