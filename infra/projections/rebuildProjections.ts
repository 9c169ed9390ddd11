import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { BLOCKS_PARTITION, ZombieWriterError } from '../../projections/ports.js';
import {
  PROJECTION_COMPARE_ATTEMPTS_MAX,
  PROJECTION_COMPARE_WAIT_MS,
  PROJECTION_HAND_OVER_MS,
} from '../../schemas/limits.js';
import type { LogConfig } from '../log/openLog.js';
import { createPool } from '../postgres/connection.js';
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
import { hashTables } from '../postgres/tableHashes.js';
import { type FoldProgress, measureProgress } from './foldProgress.js';
import { type FoldOptions, type FoldRange, foldTables, LOOK_MS, SHARD } from './foldTables.js';
import { foldOnThread } from './foldThread.js';

export type RebuildStage = 'folding' | 'indexing' | 'comparing' | 'swapping' | 'handing over';

export interface RebuildReport {
  readonly stage: RebuildStage;
  /** While folding. */
  readonly progress?: FoldProgress;
  /** While indexing: the index. */
  readonly detail?: string;
}

export interface RebuildOptions extends FoldOptions {
  /** Fold the log from its beginning side by side; default this one alone. */
  readonly threads?: {
    readonly count: number;
    /** By which the others open the log. */
    readonly log: LogConfig;
  };
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
      const isDone = await foldSideBySide(options, schema);
      if (!isDone) await foldToEnd(options, schema);
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

/** Says how far the tables are, and whether all sources are at the end of the log. */
function reportFold(options: RebuildOptions): NonNullable<FoldRange['isEnough']> {
  const progress = measureProgress(options);
  return async (sources, readCheckpoints) => {
    const checkpoints = await readCheckpoints();
    options.report({ stage: 'folding', progress: await progress(checkpoints) });
    return sources.every(({ caughtUp }) => caughtUp);
  };
}

function foldToEnd(options: RebuildOptions, schema: string): Promise<void> {
  return foldTables(options, schema, { isEnough: reportFold(options) });
}

/** Sources of each thread, those of `blocks` first. */
function shareSources({ genesis, threads }: RebuildOptions): readonly (readonly number[])[] {
  const sources = [BLOCKS_PARTITION, ...Array(genesis.eventPartitions).keys()];
  const count = Math.min(threads?.count ?? 1, sources.length);
  return Array.from({ length: count }, (_, share) =>
    sources.filter((_, place) => place % count === share),
  );
}

/**
 * Folds from the beginning on all threads that there may be, each some of the sources. False when
 * one of them has failed: this thread goes on from the checkpoints, and tells what keeps failing.
 */
async function foldSideBySide(options: RebuildOptions, schema: string): Promise<boolean> {
  const { url, genesis, log, threads } = options;
  const [own, ...shares] = shareSources(options);
  if (own === undefined || threads === undefined || shares.length === 0) return false;
  const stopping = new AbortController();
  let isSound = true;
  let running = shares.length;
  const foldShare = async (partitions: readonly number[]): Promise<void> => {
    const order = { genesis, log: threads.log, url, schema, partitions };
    try {
      await foldOnThread(order, stopping.signal);
    } catch (error) {
      isSound = false;
      if (stopping.signal.aborted) return;
      log.warn({ err: error, partitions }, 'a thread has failed; another folds on');
    }
    running -= 1;
  };
  const all = Promise.all(shares.map(foldShare));
  try {
    const report = reportFold(options);
    await foldTables(options, schema, {
      partitions: own,
      isEnough: async (...status) => (await report(...status)) && running === 0,
    });
  } finally {
    stopping.abort();
    await all;
  }
  return isSound;
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
    await foldTables(options, schema, { untilHeights });
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
  const folding = foldTables(options, schema, {
    isEnough: async () => options.timer.nowMs() >= endMs,
  });
  await folding.catch((error: unknown) => {
    // Another has moved a checkpoint: that is what is waited for.
    if (!(error instanceof ZombieWriterError)) throw error;
  });
}
