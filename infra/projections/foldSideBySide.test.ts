import { beforeAll, describe, expect, it, vi } from 'vitest';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { Log } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { playedChain, playedGenesis } from '../../test/perf/playedChain.js';
import { heightRecords } from '../../test/simulation/chainRecords.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import type { LogConfig } from '../log/openLog.js';
import { openPostgresLog } from '../postgres/postgresLog.js';
import { tableHashes } from '../postgres/tableHashes.js';
import { type RebuildOptions, rebuildProjections } from './rebuildProjections.js';
import { wallTimer } from './wallTimer.js';

vi.setConfig({ testTimeout: 120_000 });
const HEIGHTS = 12;
const { chainId } = genesisEpoch(playedGenesis, 0);
const tables = tablesServer('side-by-side');
let log: Log;
let options: RebuildOptions;
const logConfig = (): LogConfig => ({
  log: 'postgres',
  databaseUrl: tables.url,
  kafkaBrokers: [],
});

// Threads believe real signatures only, and open the log themselves.
beforeAll(async () => {
  log = await openPostgresLog({ url: tables.url, log: quietLog });
  const { shards, eventPartitions } = playedGenesis;
  await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
  const writer = await log.openWriter('publisher');
  const played = { heights: HEIGHTS, commandsPerBlock: 40, players: 60, seed: 7 };
  for await (const height of playedChain(played)) {
    await writer.append(heightRecords(height, topicNames(chainId)));
  }
  await writer.close();
  const beacon = await createNativeBeacon();
  options = {
    ...{ url: tables.url, genesis: playedGenesis, reader: log.reader },
    verifiers: { signatures: nativeVerifier(), beacon },
    beacons: inlineBatchVerifier(beacon),
    ...{ timer: wallTimer, log: quietLog, report: () => {} },
  };
  return () => log.close();
});

/** What was said of threads, and the rows of every table. */
async function rebuilt(threads: NonNullable<RebuildOptions['threads']>) {
  const warnings: unknown[] = [];
  const warn = (...said: unknown[]): void => void warnings.push(said[1]);
  const { schema } = await rebuildProjections({
    ...{ ...options, log: { ...quietLog, warn }, threads, swap: false },
  });
  return { warnings, hashes: await tableHashes(tables.admin, schema) };
}

describe('tables made anew by threads', () => {
  it('are those of one', async () => {
    const one = await rebuilt({ count: 1, log: logConfig() });
    expect(one.hashes.find(({ table }) => table === 'commands')?.rows).toBe(HEIGHTS * 40);
    expect(one.warnings).toEqual([]);
    expect(await rebuilt({ count: 3, log: logConfig() })).toEqual(one);
  });

  it('are those of one when threads fail, which is said', async () => {
    const one = await rebuilt({ count: 1, log: logConfig() });
    const elsewhere = { ...logConfig(), databaseUrl: 'postgres://nobody@127.0.0.1:1/none' };
    const { warnings, hashes } = await rebuilt({ count: 3, log: elsewhere });
    expect(warnings).toEqual(Array(2).fill('a thread has failed; another folds on'));
    expect(hashes).toEqual(one.hashes);
  });
});
