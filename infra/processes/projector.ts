import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ProjectorTelemetry, SourceStatus } from '../../projections/ports.js';
import { readModels } from '../../projections/readModels.js';
import { startProjector } from '../../projections/runner/projector.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import { loadConfig } from '../config/loadConfig.js';
import { port } from '../config/optionTypes.js';
import { openBeaconVerifier } from '../crypto/beaconVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { readGenesis } from '../genesis/genesisFile.js';
import { createStatusServer, listen } from '../http/statusServer.js';
import { logOptions, openLog, requireDatabase } from '../log/openLog.js';
import { openProjectionStore } from '../postgres/projectionStore.js';
import { gaugeProjector } from '../projections/gaugeProjector.js';
import { wallTimer } from '../projections/wallTimer.js';
import { readEpochs } from '../recovery/readEpochs.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';
import { openAnnouncer, redisOptions } from '../wakeups/openWakeups.js';
import type { HeightAnnouncer } from '../wakeups/redisChannel.js';
import { type RunningRole, runRole } from './role.js';

const configSchema = z.object({
  ...logOptions,
  ...redisOptions,
  genesis: z.string(),
  host: z.string().default('127.0.0.1'),
  port: port.default(9120),
  /** Two with one name are told apart by what follows it in the leases. */
  name: z.string().default('projector-0'),
});

const SHARD = 0;

/** The height up to which a projector has all of its sources. */
function heightOf(sources: readonly SourceStatus[]): number {
  return sources.length === 0 ? 0 : Math.min(...sources.map(({ height }) => height));
}

function telemetryOf(
  metrics: Metrics,
  logger: Logger,
  announcer: HeightAnnouncer | null,
): ProjectorTelemetry {
  return {
    onCommitted({ rows, heights, durationMs, status }) {
      announcer?.announce(heightOf(status.sources));
      metrics.count('projection_rows_total', {}, rows);
      metrics.count('projection_heights_total', {}, heights);
      metrics.observe('projection_commit_seconds', durationMs / 1000);
    },
    onDropped(partition, reason, count) {
      metrics.count('projection_dropped_total', { partition: String(partition), reason }, count);
    },
    onState({ state, message }, err) {
      if (state === 'halted') logger.fatal({ state, err }, message ?? state);
      else if (state === 'standby') logger.info({ state }, message ?? state);
      else if (message !== null) logger.warn({ state }, message);
      else logger.info({ state }, `projector ${state}`);
    },
  };
}

/** `nullspace projector`: folds its share of the log into the tables. */
export function projectorRole(argv: readonly string[]): Promise<void> {
  return runRole('projector', async (logger): Promise<RunningRole> => {
    const config = loadConfig(configSchema, argv, process.env);
    installNativeCrypto();
    const genesis = readGenesis(config.genesis);
    const { chainId } = genesisEpoch(genesis, SHARD);
    const announcer = await openAnnouncer(config, { chainId, shard: SHARD }, logger);
    const { shards, eventPartitions } = genesis;
    const metrics = createMetrics('projector');
    const signatures = nativeVerifier();
    const verifiers = { signatures, beacon: await createNativeBeacon() };
    const beacons = await openBeaconVerifier();
    const log = await openLog(config, logger);
    await log.ensureTopics(topicManifest(chainId, shards, eventPartitions));
    const store = await openProjectionStore({
      ...{ url: requireDatabase(config), genesis, log: logger },
      applicationName: `nullspace-${config.name}`,
    });
    const { reader } = log;
    const keys = await readEpochs({ genesis, shard: SHARD, reader, verifiers });
    const projector = startProjector({
      ...{ keys, eventPartitions, signatures, beacons, store, models: readModels },
      owner: `${config.name}/${randomBytes(4).toString('hex')}`,
      reader,
      topics: topicNames(chainId),
      timer: wallTimer,
      telemetry: telemetryOf(metrics, logger, announcer),
    });
    let height = 0;
    const server = createStatusServer(metrics, () => {
      const status = projector.status();
      gaugeProjector(metrics, status);
      // Without sources, the height that it had when it last held some.
      if (status.sources.length > 0) height = heightOf(status.sources);
      const obstacle = store.obstacle();
      return { role: 'projector', name: config.name, height, ...status, obstacle };
    });
    const url = await listen(server, config.host, config.port);
    return {
      url,
      async stop() {
        await projector.stop();
        announcer?.close();
        await server.close();
        await store.close();
        await log.close();
        await beacons.close();
      },
    };
  });
}
