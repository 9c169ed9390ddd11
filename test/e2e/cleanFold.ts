import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { createPool } from '../../infra/postgres/connection.js';
import { openProjectionStore } from '../../infra/postgres/projectionStore.js';
import { type TableHash, tableHashes } from '../../infra/postgres/tableHashes.js';
import { wallTimer } from '../../infra/projections/wallTimer.js';
import { readModels } from '../../projections/readModels.js';
import { startProjector } from '../../projections/runner/projector.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { Log } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { eventually } from './nullspaceProgram.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Folds what is left of a log into a database, and hashes every table of it. */
export async function foldToEnd(options: {
  readonly genesis: Genesis;
  readonly log: Log;
  readonly databaseUrl: string;
}): Promise<readonly TableHash[]> {
  const { genesis, log, databaseUrl } = options;
  const keys = genesisEpoch(genesis, 0);
  const store = await openProjectionStore({ url: databaseUrl, genesis, log: quiet });
  const projector = startProjector({
    ...{ keys, store, models: readModels, eventPartitions: genesis.eventPartitions },
    owner: `fold/${randomBytes(4).toString('hex')}`,
    reader: log.reader,
    topics: topicNames(keys.chainId),
    signatures: nativeVerifier(),
    beacons: await createNativeBeacon(),
    timer: wallTimer,
    telemetry: { onCommitted: () => {}, onDropped: () => {}, onState: () => {} },
  });
  try {
    await eventually(() => {
      const { sources, state, message } = projector.status();
      if (state === 'halted') throw new Error(`the projector halted: ${message}`);
      const isWhole = sources.length === genesis.eventPartitions + 1;
      return isWhole && sources.every(({ atEnd, hole }) => atEnd && hole === null);
    }, 'the log is folded');
  } finally {
    await projector.stop();
    await store.close();
  }
  const pool = createPool({ url: databaseUrl, applicationName: 'hashes', log: quiet, max: 1 });
  try {
    return await tableHashes(pool);
  } finally {
    await pool.end();
  }
}

/** Another, empty database on the same server. */
export async function createDatabase(databaseUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}
