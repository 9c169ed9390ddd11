import type {
  ProjectionStore,
  ProjectorTelemetry,
  ProjectorTimer,
} from '../../projections/ports.js';
import { readModels } from '../../projections/readModels.js';
import { type Projector, startProjector } from '../../projections/runner/projector.js';
import type { Log } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import type { ChainedHeight } from './certifiedChain.js';
import { heightRecords } from './chainRecords.js';
import { engineBeacons, engineGenesis, engineKeys, engineVerifiers } from './engineChain.js';
import { createMemoryLog } from './memoryLog.js';

const topics = topicNames(engineKeys.chainId);

/** An empty log in memory with the topics of the engine's chain. */
export async function openEngineLog(): Promise<Log> {
  const log = createMemoryLog().open();
  const { shards, eventPartitions } = engineGenesis;
  await log.ensureTopics(topicManifest(engineKeys.chainId, shards, eventPartitions));
  return log;
}

/** Appends height after height, each in a transaction. */
export async function publishHeights(
  log: Log,
  heights: readonly ChainedHeight[],
  pauseMs = 0,
): Promise<void> {
  const writer = await log.openWriter('publisher');
  for (const height of heights) {
    await writer.append(heightRecords(height, topics));
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await writer.close();
}

/** A projector of the engine's chain. */
export function projectEngineLog(
  log: Log,
  options: {
    readonly store: ProjectionStore;
    readonly timer: ProjectorTimer;
    readonly owner?: string;
    readonly leaseMs?: number;
    readonly telemetry?: Partial<ProjectorTelemetry>;
  },
): Projector {
  const { store, timer, owner = 'one', leaseMs = 1_500, telemetry } = options;
  return startProjector({
    ...{ store, timer, owner, leaseMs, topics, reader: log.reader, models: readModels },
    ...{ keys: engineKeys, eventPartitions: engineGenesis.eventPartitions },
    ...{ signatures: engineVerifiers.signatures, beacons: engineBeacons },
    telemetry: { onCommitted: () => {}, onDropped: () => {}, onState: () => {}, ...telemetry },
  });
}
