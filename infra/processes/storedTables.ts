import { availableParallelism } from 'node:os';
import type pg from 'pg';
import { PROJECTION_REBUILD_THREADS_MAX } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { withBeaconVerifier } from '../crypto/beaconVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { createPool } from '../postgres/connection.js';
import type { RebuildOptions, RebuildReport } from '../projections/rebuildProjections.js';
import { wallTimer } from '../projections/wallTimer.js';
import { type StoredLog, type StoredLogConfig, withStoredLog } from './storedLog.js';

/** A thread a core: the server that takes the rows has as much to do as they have. */
export const REBUILD_THREADS_DEFAULT = Math.min(
  availableParallelism(),
  PROJECTION_REBUILD_THREADS_MAX,
);

/** Log and tables of a data folder, and what it takes to fold the one into others. */
export interface StoredTables {
  readonly url: string;
  readonly genesis: Genesis;
  readonly log: Log;
  readonly pool: pg.Pool;
  readonly rebuild: RebuildOptions & Required<Pick<RebuildOptions, 'threads'>>;
}

/** One line a second at most: where it is, how fast, how long still. */
function reporter(): (report: RebuildReport) => void {
  let nextMs = 0;
  return ({ stage, progress, detail }) => {
    if (progress === undefined) {
      process.stderr.write(`${stage}${detail === undefined ? '' : `: ${detail}`}\n`);
      return;
    }
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + 1_000;
    const { share, height, recordsPerSecond, etaMs } = progress;
    const rate =
      recordsPerSecond === null ? '-' : Math.round(recordsPerSecond).toLocaleString('en');
    const eta = etaMs === null ? '-' : `${Math.ceil(etaMs / 1_000)} s`;
    const percent = (Math.floor(share * 1_000) / 10).toFixed(1);
    process.stderr.write(
      `${stage} ${percent} %  ${rate} records/s  eta ${eta}  height ${height}\n`,
    );
  };
}

/** @throws ConfigError, LogError, PostgresError */
export async function withStoredTables<T>(
  config: StoredLogConfig,
  name: string,
  work: (tables: StoredTables) => Promise<T>,
): Promise<T> {
  const withTables = async (stored: StoredLog): Promise<T> => {
    const { genesis, log, logConfig, databaseUrl: url, logger } = stored;
    const verifiers = { signatures: nativeVerifier(), beacon: await createNativeBeacon() };
    const pool = createPool({ url, applicationName: `nullspace ${name}`, log: logger, max: 2 });
    try {
      return await withBeaconVerifier((beacons) => {
        const rebuild = {
          ...{ url, genesis, reader: log.reader, verifiers, beacons, timer: wallTimer },
          ...{ log: logger, report: reporter() },
          threads: { count: REBUILD_THREADS_DEFAULT, log: logConfig },
        };
        return work({ url, genesis, log, pool, rebuild });
      });
    } finally {
      await pool.end();
    }
  };
  return withStoredLog(config, name, withTables, true);
}
