import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Checkpoint, ProjectorTimer, SourceStatus } from '../../projections/ports.js';
import { ZombieWriterError } from '../../projections/ports.js';
import { readModels } from '../../projections/readModels.js';
import { memoVerifier } from '../../projections/runner/memoVerifier.js';
import { Session } from '../../projections/runner/session.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import {
  PROJECTION_COMPARE_ATTEMPTS_MAX,
  PROJECTION_COMPARE_WAIT_MS,
  PROJECTION_HAND_OVER_MS,
  PROJECTION_RETRY_MS_MAX,
  PROJECTION_RETRY_MS_MIN,
  PROJECTION_SIGNATURES_KEPT,
} from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { type AdapterLog, createPool } from '../postgres/connection.js';
import { toPostgresError } from '../postgres/errors.js';
import {
  finishIndexes,
  holdGeneration,
  releaseGeneration,
  swapGeneration,
} from '../postgres/generationSwap.js';
import { activeGeneration, type Generation, markMismatch } from '../postgres/generations.js';
import { makeBareGeneration } from '../postgres/projectionSchema.js';
import { projectionContent, qualified } from '../postgres/projectionSql.js';
import { type OpenProjectionStore, openProjectionStore } from '../postgres/projectionStore.js';
import { hashTables } from '../postgres/tableHashes.js';
import { readEpochs } from '../recovery/readEpochs.js';
import { type FoldProgress, measureProgress } from './foldProgress.js';

export type RebuildStage = 'folding' | 'indexing' | 'comparing' | 'swapping' | 'handing over';

export interface RebuildReport {
  readonly stage: RebuildStage;
  /** While folding. */
  readonly progress?: FoldProgress;
  /** While indexing: the index. */
  readonly detail?: string;
}

export interface RebuildOptions {
  readonly url: string;
  readonly genesis: Genesis;
  readonly reader: LogReader;
  readonly verifiers: Verifiers;
  readonly beacons: BatchVerifier;
  readonly timer: ProjectorTimer;
  readonly log: AdapterLog;
  readonly report: (report: RebuildReport) => void;
  /** False: leave the new tables beside the old ones, for `swapProjections`. Default true. */
  readonly swap?: boolean;
}

/** The new tables are not those that a projector had made of the same log: readers keep the old. */
export class RebuildMismatchError extends Error {
  override readonly name = 'RebuildMismatchError';
  readonly code = 'rebuildMismatch';
  readonly retriable = false;
}

export interface RebuiltProjections {
  readonly schema: string;
  /** Tables compared row for row at one height; 0 when there was nothing to compare with. */
  readonly compared: number;
  readonly swapped: boolean;
}

const SHARD = 0;
const LOOK_MS = 200;

/**
 * Folds the whole log into new tables beside those that readers see: by COPY without indexes first,
 * then indexes, then a comparison with the old tables at one height, then the swap. Readers notice
 * nothing but that the tables are another's. @throws PostgresError, LogError, RebuildMismatchError
 */
export async function rebuildProjections(options: RebuildOptions): Promise<RebuiltProjections> {
  const { url, log, report } = options;
  const pool = createPool({ url, applicationName: 'nullspace rebuild', log, max: 4 });
  try {
    const schema = await makeBareGeneration(pool, options.genesis);
    const holder = await holdGeneration(pool, schema);
    try {
      log.info({ schema }, 'building');
      await foldToEnd(options, schema);
      await finishIndexes(pool, schema, (detail) => report({ stage: 'indexing', detail }));
      // Compared before going on: behind the old tables it can stop where they are.
      const compared = await compareWithActive(options, pool, schema);
      if (options.swap === false) return { schema, compared, swapped: false };
      await swapProjections(options, schema);
      return { schema, compared, swapped: true };
    } finally {
      await releaseGeneration(holder);
    }
  } finally {
    await pool.end();
  }
}

/** To the end of the log, or until a projector has shown that it does. */
async function foldBeside(options: RebuildOptions, schema: string): Promise<void> {
  try {
    await foldToEnd(options, schema);
  } catch (error) {
    if (!(error instanceof ZombieWriterError)) throw error;
    options.log.info({ schema }, 'a projector fills these tables');
    await pause(LOOK_MS);
  }
}

/** Brings built tables to the end of the log and puts them behind the views. */
export async function swapProjections(options: RebuildOptions, schema: string): Promise<void> {
  const { url, log, report } = options;
  const pool = createPool({ url, applicationName: 'nullspace swap', log, max: 2 });
  try {
    for (;;) {
      await foldBeside(options, schema);
      report({ stage: 'swapping' });
      const outcome = await swapGeneration(pool, schema, 'operator');
      if (outcome === 'swapped' || outcome === 'active already') break;
      if (outcome !== 'behind') throw new RebuildMismatchError(`${schema} is ${outcome}`);
    }
    report({ stage: 'handing over' });
    await handOver(options, schema);
  } finally {
    await pool.end();
  }
}

interface Fold {
  readonly untilHeights?: ReadonlyMap<number, number>;
  /** Asked a few times a second; the fold ends when it says so. */
  readonly isEnough?: (
    sources: readonly SourceStatus[],
    checkpoints: readonly Checkpoint[],
  ) => Promise<boolean>;
}

/** One fold of all sources, begun again after failures of the outside world. */
async function fold(options: RebuildOptions, schema: string, how: Fold): Promise<void> {
  const { url, genesis, log } = options;
  const store = await openProjectionStore({ url, genesis, log, schema });
  try {
    let retryMs = PROJECTION_RETRY_MS_MIN;
    for (;;) {
      try {
        return await runSession(options, store, how);
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
  options: RebuildOptions,
  store: OpenProjectionStore,
  { untilHeights, isEnough }: Fold,
): Promise<void> {
  const { genesis, reader, timer, log } = options;
  const { verifiers, beacons } = options;
  const keys = await readEpochs({ genesis, shard: SHARD, reader, verifiers });
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
    await store.checkpoints(SHARD),
  );
  let hasEnded = false;
  const watch = async (): Promise<void> => {
    while (!hasEnded && isEnough !== undefined) {
      const enough = await isEnough(session.status(), await store.checkpoints(SHARD));
      if (enough) session.close();
      await pause(LOOK_MS);
    }
  };
  const watching = watch().catch((error: unknown) => session.fail(error));
  try {
    await session.run();
  } finally {
    hasEnded = true;
    await watching;
  }
}

async function foldToEnd(options: RebuildOptions, schema: string): Promise<void> {
  const progress = measureProgress(options);
  await fold(options, schema, {
    isEnough: async (sources, checkpoints) => {
      options.report({ stage: 'folding', progress: await progress(checkpoints) });
      return sources.every(({ caughtUp }) => caughtUp);
    },
  });
}

/**
 * Stops the new tables at the very heights that a snapshot of the old ones has, source by source,
 * and compares all rows. The old ones may go on meanwhile.
 */
async function compareWithActive(
  options: RebuildOptions,
  pool: pg.Pool,
  schema: string,
): Promise<number> {
  const active = await activeGeneration(pool);
  if (active === null || active.content !== projectionContent()) return 0;
  options.report({ stage: 'comparing' });
  for (let attempt = 1; attempt <= PROJECTION_COMPARE_ATTEMPTS_MAX; attempt++) {
    await waitForActive(options, pool, schema, active);
    const compared = await compareOnce(options, pool, schema, active);
    if (compared !== null) return compared;
    options.log.info({ attempt }, 'old and new tables had no height in common');
  }
  throw new RebuildMismatchError(
    `${schema} could not be brought to the heights of ${active.schema}: is a projector running?`,
  );
}

/** Until the old tables are not behind the new ones anywhere: these can go on, those not back. */
async function waitForActive(
  { timer }: RebuildOptions,
  pool: pg.Pool,
  schema: string,
  active: Generation,
): Promise<void> {
  const endMs = timer.nowMs() + PROJECTION_COMPARE_WAIT_MS;
  const reached = await heightsOf(pool, schema);
  while (timer.nowMs() < endMs) {
    const old = await heightsOf(pool, active.schema);
    if ([...reached].every(([at, height]) => (old.get(at) ?? 0) >= height)) return;
    await pause(LOOK_MS);
  }
}

async function compareOnce(
  options: RebuildOptions,
  pool: pg.Pool,
  schema: string,
  active: Generation,
): Promise<number | null> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const untilHeights = await heightsOf(client, active.schema);
    await fold(options, schema, { untilHeights });
    const reached = await heightsOf(pool, schema);
    const isEqual = [...untilHeights].every(([at, height]) => reached.get(at) === height);
    const old = isEqual ? await hashTables(client, active.schema) : null;
    await client.query('commit');
    if (old === null) return null;
    await client.query('begin isolation level repeatable read read only');
    const rebuilt = await hashTables(client, schema);
    await client.query('commit');
    for (const [index, { table, rows, sha256 }] of old.entries()) {
      const other = rebuilt[index];
      if (other?.sha256 === sha256 && other.rows === rows) continue;
      const mismatch =
        `table ${table}: ${rows} rows ${sha256.slice(0, 16)} in ${active.schema}, ` +
        `${other?.rows} rows ${other?.sha256.slice(0, 16)} in ${schema}, at equal heights`;
      await markMismatch(pool, schema, mismatch);
      throw new RebuildMismatchError(
        `${mismatch}. Folds that write other values need another version: was PROJECTION_VERSION ` +
          `raised? Nobody is shown ${schema}; prune drops it`,
      );
    }
    return old.length;
  } finally {
    client.release();
  }
}

async function heightsOf(
  client: Pick<pg.ClientBase, 'query'>,
  schema: string,
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await client
    .query<{ partition: number; height: string }>(
      `select partition, height from ${qualified(schema, 'checkpoints')} where shard = $1`,
      [SHARD],
    )
    .catch((error: unknown) => {
      throw toPostgresError(error);
    });
  return new Map(rows.map(({ partition, height }) => [partition, Number(height)]));
}

/**
 * Projectors look at their leases every few seconds; until one has come, readers are kept fresh.
 */
async function handOver(options: RebuildOptions, schema: string): Promise<void> {
  const endMs = options.timer.nowMs() + PROJECTION_HAND_OVER_MS;
  const folding = fold(options, schema, {
    isEnough: async () => options.timer.nowMs() >= endMs,
  });
  await folding.catch((error: unknown) => {
    // Another has moved a checkpoint: that is what is waited for.
    if (!(error instanceof ZombieWriterError)) throw error;
  });
}
