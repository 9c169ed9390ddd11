import { availableParallelism } from 'node:os';
import process from 'node:process';
import pg from 'pg';
import { openBeaconVerifier } from '../../infra/crypto/beaconVerifier.js';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { CopyRows, copyBinary, rowArray } from '../../infra/postgres/binaryRows.js';
import { copyChunks } from '../../infra/postgres/commitRows.js';
import { createPool } from '../../infra/postgres/connection.js';
import { finishIndexes } from '../../infra/postgres/generationSwap.js';
import { listGenerations } from '../../infra/postgres/generations.js';
import { openPostgresLog } from '../../infra/postgres/postgresLog.js';
import { makeBareGeneration } from '../../infra/postgres/projectionSchema.js';
import { upsertSql } from '../../infra/postgres/projectionSql.js';
import {
  type OpenProjectionStore,
  openProjectionStore,
  PROJECTION_SETTINGS,
} from '../../infra/postgres/projectionStore.js';
import { type RowTypes, readRowTypes } from '../../infra/postgres/rowTypes.js';
import { rebuildProjections } from '../../infra/projections/rebuildProjections.js';
import { wallTimer } from '../../infra/projections/wallTimer.js';
import { BLOCKS_PARTITION, type SourceCommit } from '../../projections/ports.js';
import type { Table } from '../../projections/readModel.js';
import { readModels } from '../../projections/readModels.js';
import { startProjector } from '../../projections/runner/projector.js';
import { KnownRows, RowBatch } from '../../projections/runner/rowBatch.js';
import { createSource, type SourceOptions } from '../../projections/runner/source.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { PROJECTION_BATCH_ROWS_MAX } from '../../schemas/limits.js';
import { topicNames } from '../../schemas/topics.js';
import { quietLog } from '../simulation/projectedChain.js';
import { chainLog } from './chainFile.js';
import { type PlayedChainOptions, playedGenesis } from './playedChain.js';

/** What the parent asks of a child, as its first message. */
export interface ChildTask {
  /**
   * `projector`: the real one, on the log. `bare`: nothing but COPY and upserts of its rows.
   * `rebuild` and `bareRebuild`: the same into tables without indexes, and then the indexes.
   */
  readonly kind: 'projector' | 'bare' | 'rebuild' | 'bareRebuild';
  readonly logUrl: string;
  readonly tablesUrl: string;
  readonly chain: PlayedChainOptions;
  /** Sources of the projector; null for all. */
  readonly partitions: readonly number[] | null;
}

/** `ready` once everything is open; after the parent's `go`, `done` when the last height is in. */
export type ChildMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly wallMs: number; readonly cpuMs: number };

const keys = genesisEpoch(playedGenesis, 0);
const topics = topicNames(keys.chainId);

async function sourceOptions(): Promise<SourceOptions> {
  return {
    keys,
    eventPartitions: playedGenesis.eventPartitions,
    verifiers: { signatures: nativeVerifier(), beacon: await createNativeBeacon() },
    models: readModels,
    onDropped: (partition, reason) => {
      throw new Error(`partition ${partition} dropped a record: ${reason}`);
    },
  };
}

async function prepareProjector(task: ChildTask): Promise<() => Promise<void>> {
  const log = await openPostgresLog({ url: task.logUrl, log: quietLog });
  const url = task.tablesUrl;
  const store = await openProjectionStore({ url, genesis: playedGenesis, log: quietLog });
  const options = await sourceOptions();
  const { signatures } = options.verifiers;
  const beacons = await openBeaconVerifier();
  const { partitions } = task;
  const held = partitions ?? (await store.checkpoints(0)).map(({ partition }) => partition);
  return () =>
    new Promise((resolve, reject) => {
      const projector = startProjector({
        ...{ ...options, signatures, beacons },
        owner: `bench ${process.pid}`,
        store: { ...store, acquireLeases: async () => held, releaseLeases: async () => {} },
        reader: log.reader,
        topics,
        timer: wallTimer,
        telemetry: {
          onCommitted: ({ status: { sources } }) => {
            if (sources.every(({ height }) => height === task.chain.heights)) resolve();
          },
          onDropped: options.onDropped,
          onState: ({ state, message }) => {
            if (state === 'halted' || state === 'waiting') reject(new Error(message ?? state));
          },
        },
      });
      void projector;
    });
}

/** One transaction of the bare loop, encoded before the clock runs. */
interface BareBatch {
  readonly copies: readonly (readonly [table: Table, chunks: readonly Buffer[]])[];
  readonly upserts: readonly (readonly [table: Table, rows: Buffer])[];
}

function encodeBatch(commits: readonly SourceCommit[], rowTypes: RowTypes): BareBatch {
  const copies: [Table, readonly Buffer[]][] = [];
  const upserts: [Table, Buffer][] = [];
  for (const table of readModels.flatMap(({ tables }) => tables)) {
    const parts = commits.map(({ rows }) => rows.foldedByOrigin(table));
    const packed = new CopyRows(table);
    for (const { rows } of commits) {
      for (const row of rows.appended.get(table) ?? []) packed.add(row);
    }
    for (const row of parts.flatMap(({ begun }) => begun)) packed.add(row);
    if (packed.count > 0) copies.push([table, copyBinary([packed])]);
    const others = parts.flatMap((part) => part.others);
    const rowType = present(rowTypes.get(table), 'a row type');
    if (others.length > 0) upserts.push([table, rowArray(table, rowType, others)]);
  }
  return { copies, upserts };
}

async function writeBatch(
  client: pg.Client,
  schema: string,
  { copies, upserts }: BareBatch,
): Promise<void> {
  await client.query('begin');
  for (const [table, chunks] of copies) await copyChunks(client, schema, table, chunks);
  for (const [table, rows] of upserts) {
    await client.query({ name: table.name, text: upsertSql(schema, table), values: [rows] });
  }
  await client.query('commit');
}

async function prepareRebuild(task: ChildTask): Promise<() => Promise<void>> {
  const log = await openPostgresLog({ url: task.logUrl, log: quietLog });
  const logConfig = { log: 'postgres', databaseUrl: task.logUrl, kafkaBrokers: [] } as const;
  const { verifiers } = await sourceOptions();
  const beacons = await openBeaconVerifier();
  return async () => {
    await rebuildProjections({
      ...{
        url: task.tablesUrl,
        genesis: playedGenesis,
        reader: log.reader,
        ...{ verifiers, beacons },
        timer: wallTimer,
      },
      ...{ log: quietLog, report: () => {}, swap: false },
      threads: { count: availableParallelism(), log: logConfig },
    });
  };
}

/** Batches of all rows, made before the clock runs. */
async function bareBatches(
  task: ChildTask,
  store: OpenProjectionStore,
  rowTypes: RowTypes,
): Promise<BareBatch[]> {
  const options = await sourceOptions();
  const lanes = (await store.checkpoints(0)).map((at) => {
    const known = new KnownRows();
    return { source: createSource(options, at), known, rows: new RowBatch(known), fromHeight: 0 };
  });
  const laneOf = new Map(lanes.map((lane) => [lane.source.partition, lane]));
  const batches: BareBatch[] = [];
  const take = (): void => {
    const commits = lanes.map((lane) => {
      const { source, rows, fromHeight } = lane;
      const { shard, partition } = source.checkpoint;
      lane.rows = new RowBatch(lane.known);
      lane.fromHeight = source.checkpoint.height;
      return { shard, partition, fromHeight, checkpoint: source.checkpoint, rows };
    });
    batches.push(encodeBatch(commits, rowTypes));
  };
  for await (const records of chainLog(task.chain, () => {})) {
    for (const { topic, partition, value } of records) {
      const at = topic === topics.blocks ? BLOCKS_PARTITION : partition;
      const lane = present(laneOf.get(at), 'a lane');
      lane.source.read(value, 0n, lane.rows);
    }
    if (lanes.reduce((sum, { rows }) => sum + rows.count, 0) >= PROJECTION_BATCH_ROWS_MAX) take();
  }
  take();
  return batches;
}

async function prepareBare(task: ChildTask): Promise<() => Promise<void>> {
  const isRebuild = task.kind === 'bareRebuild';
  const url = task.tablesUrl;
  const pool = createPool({ url, applicationName: 'bare', log: quietLog, max: 2 });
  const given = isRebuild ? { schema: await makeBareGeneration(pool, playedGenesis) } : {};
  const store = await openProjectionStore({ url, genesis: playedGenesis, log: quietLog, ...given });
  const { schema } = present((await listGenerations(pool))[0], 'a generation');
  const batches = await bareBatches(task, store, await readRowTypes(pool, schema));
  await store.close();
  const client = new pg.Client({ connectionString: url, options: PROJECTION_SETTINGS });
  await client.connect();
  return async () => {
    for (const batch of batches) await writeBatch(client, schema, batch);
    if (isRebuild) await finishIndexes(pool, schema);
  };
}

const PREPARATIONS: Readonly<
  Record<ChildTask['kind'], (task: ChildTask) => Promise<() => Promise<void>>>
> = {
  projector: prepareProjector,
  bare: prepareBare,
  rebuild: prepareRebuild,
  bareRebuild: prepareBare,
};

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

async function work(task: ChildTask): Promise<void> {
  const run = await PREPARATIONS[task.kind](task);
  await tell({ kind: 'ready' });
  await new Promise((resolve) => process.once('message', resolve));
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await run();
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  await tell({ kind: 'done', wallMs, cpuMs: (user + system) / 1000 });
}

installNativeCrypto();
process.once('disconnect', () => process.exit(1));
process.once('message', (task: ChildTask) => {
  work(task).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
