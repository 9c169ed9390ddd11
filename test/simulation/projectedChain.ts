import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReadDatabase, type ReadDatabase } from '../../infra/http/readDatabase.js';
import { followHeights, type ReadHeights } from '../../infra/http/readHeights.js';
import { startEmbeddedPostgres } from '../../infra/postgres/embeddedPostgres.js';
import { openProjectionStore } from '../../infra/postgres/projectionStore.js';
import { listenWakeups } from '../../infra/wakeups/listenWakeups.js';
import { BLOCKS_PARTITION } from '../../projections/ports.js';
import { readModels } from '../../projections/readModels.js';
import { RowBatch } from '../../projections/runner/rowBatch.js';
import { createSource } from '../../projections/runner/source.js';
import { topicNames } from '../../schemas/topics.js';
import type { ChainedHeight } from './certifiedChain.js';
import { heightRecords } from './chainRecords.js';
import { engineChain, engineGenesis, engineKeys, engineVerifiers } from './engineChain.js';

export const quietLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A chain of real play whose first heights are in the tables of a real Postgres. */
export interface ProjectedChain {
  readonly chain: readonly ChainedHeight[];
  readonly url: string;
  readonly sql: ReadDatabase;
  readonly heights: ReadHeights;
  /** Folds the next `count` heights; resolves when the heights' follower has seen them. */
  project(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function openProjectedChain(options: {
  readonly heights: number;
  readonly commands: number;
}): Promise<ProjectedChain> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-read-'));
  const publicDir = `${dataDir}-public`;
  const server = await startEmbeddedPostgres({ dataDir, publicDir, log: quietLog });
  const { url } = server;
  const chain = engineChain({ heights: options.heights, commands: options.commands, seed: 11 });
  const topics = topicNames(engineKeys.chainId);
  const connection = { url, applicationName: 'reader', log: quietLog };
  const sql = openReadDatabase(connection);
  const heights = await followHeights({
    sql,
    shard: 0,
    wakeups: listenWakeups({ ...connection, urls: [connection.url] }),
    log: quietLog,
  });
  const store = await openProjectionStore({ url, genesis: engineGenesis, log: quietLog });
  const sources = (await store.checkpoints(0)).map((checkpoint) =>
    createSource(
      {
        keys: engineKeys,
        eventPartitions: engineGenesis.eventPartitions,
        verifiers: engineVerifiers,
        models: readModels,
        onDropped: () => {},
      },
      checkpoint,
    ),
  );
  let next = 0;
  return {
    chain,
    url,
    sql,
    heights,
    async project(count) {
      for (const height of chain.slice(next, next + count)) {
        const records = heightRecords(height, topics);
        const commits = sources.map((source) => {
          const { shard, partition, height: fromHeight } = source.checkpoint;
          const rows = new RowBatch();
          for (const { topic, partition: at, value } of records) {
            const isOurs = topic === topics.blocks ? BLOCKS_PARTITION : at;
            if (isOurs === partition) source.read(value, 0n, rows);
          }
          return { shard, partition, fromHeight, checkpoint: source.checkpoint, rows };
        });
        await store.commit(commits);
      }
      next += count;
      const outcome = await heights.waitFor(next, 5_000);
      if (outcome !== 'visible') throw new Error(`height ${next} did not become visible`);
    },
    async close() {
      await heights.close();
      await sql.close();
      await store.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
      rmSync(publicDir, { recursive: true, force: true });
    },
  };
}
