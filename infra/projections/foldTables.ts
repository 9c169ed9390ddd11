import { setTimeout as pause } from 'node:timers/promises';
import {
  type Checkpoint,
  type ProjectorTimer,
  type SourceStatus,
  ZombieWriterError,
} from '../../projections/ports.js';
import { readModels } from '../../projections/readModels.js';
import { memoVerifier } from '../../projections/runner/memoVerifier.js';
import { Session } from '../../projections/runner/session.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import {
  PROJECTION_RETRY_MS_MAX,
  PROJECTION_RETRY_MS_MIN,
  PROJECTION_SIGNATURES_KEPT,
} from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { AdapterLog } from '../postgres/connection.js';
import { type OpenProjectionStore, openProjectionStore } from '../postgres/projectionStore.js';
import { readEpochs } from '../recovery/readEpochs.js';

/** What it takes to fold a log into tables. */
export interface FoldOptions {
  /** Of the database with the tables. */
  readonly url: string;
  readonly genesis: Genesis;
  readonly reader: LogReader;
  readonly verifiers: Verifiers;
  readonly beacons: BatchVerifier;
  readonly timer: ProjectorTimer;
  readonly log: AdapterLog;
}

/** Where a fold begins and ends. */
export interface FoldRange {
  /** Sources to fold; default all. */
  readonly partitions?: readonly number[];
  readonly untilHeights?: ReadonlyMap<number, number>;
  /** Asked a few times a second; the fold ends when it says so. */
  readonly isEnough?: (
    sources: readonly SourceStatus[],
    readCheckpoints: () => Promise<readonly Checkpoint[]>,
  ) => Promise<boolean>;
}

export const SHARD = 0;
/** Between two looks at how far something is. */
export const LOOK_MS = 200;

/**
 * Folds sources into the tables of a schema, and begins again after failures of the outside world.
 * @throws PostgresError, LogError, ZombieWriterError when others fold there
 */
export async function foldTables(
  options: FoldOptions,
  schema: string,
  range: FoldRange,
): Promise<void> {
  const { url, genesis, log } = options;
  const store = await openProjectionStore({ url, genesis, log, schema });
  try {
    let retryMs = PROJECTION_RETRY_MS_MIN;
    for (;;) {
      try {
        return await runSession(options, store, range);
      } catch (error) {
        const isRetriable = (error as { retriable?: unknown }).retriable === true;
        if (!isRetriable || error instanceof ZombieWriterError) throw error;
        log.warn({ err: error }, 'the rebuild waits, and goes on');
        await pause(retryMs);
        retryMs = Math.min(2 * retryMs, PROJECTION_RETRY_MS_MAX);
      }
    }
  } finally {
    await store.close();
  }
}

async function runSession(
  options: FoldOptions,
  store: OpenProjectionStore,
  { partitions, untilHeights, isEnough }: FoldRange,
): Promise<void> {
  const { genesis, reader, timer, log } = options;
  const { verifiers, beacons } = options;
  const keys = await readEpochs({ genesis, shard: SHARD, reader, verifiers });
  const checkpoints = await store.checkpoints(SHARD);
  const session = new Session(
    {
      ...{ store, reader, timer, keys, models: readModels },
      ...(untilHeights && { untilHeights }),
      topics: topicNames(keys.chainId),
      eventPartitions: genesis.eventPartitions,
      signatures: memoVerifier(verifiers.signatures, PROJECTION_SIGNATURES_KEPT),
      beacons,
      onDropped: (partition, reason, count) => log.debug({ partition, reason, count }, 'dropped'),
      onWritten: () => {},
    },
    checkpoints.filter(({ partition }) => partitions?.includes(partition) ?? true),
  );
  const ended = new AbortController();
  const { signal } = ended;
  const watch = async (): Promise<void> => {
    while (!signal.aborted && isEnough !== undefined) {
      const enough = await isEnough(session.status(), () => store.checkpoints(SHARD));
      if (enough) session.close();
      await pause(LOOK_MS, null, { signal }).catch(() => null);
    }
  };
  const watching = watch().catch((error: unknown) => session.fail(error));
  try {
    await session.run();
  } finally {
    ended.abort();
    await watching;
  }
}
