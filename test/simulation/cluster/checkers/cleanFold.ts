import type { Checkpoint } from '../../../../projections/ports.js';
import { BLOCKS_PARTITION } from '../../../../projections/ports.js';
import { readModels } from '../../../../projections/readModels.js';
import { RowBatch } from '../../../../projections/runner/rowBatch.js';
import { createSource } from '../../../../projections/runner/source.js';
import { genesisEpoch } from '../../../../schemas/crypto/epochKeys.js';
import { topicNames } from '../../../../schemas/topics.js';
import { createMemoryProjectionStore } from '../../memoryProjectionStore.js';
import type { SimulatedProjector } from '../simulatedProjector.js';
import type { World } from '../world.js';

const BATCH_BYTES = 1 << 20;

/** The tables are what one undisturbed reading of the log from its start makes of it. */
export async function cleanFold(world: World, projector: SimulatedProjector): Promise<string[]> {
  const clean = createMemoryProjectionStore(world.chain.genesis);
  for (const checkpoint of await clean.checkpoints(0)) {
    const commit = await foldAll(world, checkpoint);
    await clean.commit([commit]);
  }
  const kept = new Set(projector.lines());
  const wanted = new Set(clean.lines());
  const extra = [...kept].filter((line) => !wanted.has(line));
  const missing = [...wanted].filter((line) => !kept.has(line));
  return [
    ...extra.slice(0, 3).map((line) => `tables: no clean fold gives ${line}`),
    ...missing.slice(0, 3).map((line) => `tables: ${line} is missing`),
  ];
}

async function foldAll(world: World, from: Checkpoint) {
  const { chain, log } = world;
  const keys = genesisEpoch(chain.genesis, 0);
  const names = topicNames(keys.chainId);
  const { shard, partition } = from;
  const source = createSource(
    {
      keys,
      eventPartitions: chain.genesis.eventPartitions,
      verifiers: { signatures: chain.signatures, beacon: chain.beacon },
      models: readModels,
      onDropped: () => undefined,
    },
    from,
  );
  const rows = new RowBatch();
  const topic = partition === BLOCKS_PARTITION ? names.blocks : names.events;
  const { reader } = log.open();
  const index = partition === BLOCKS_PARTITION ? shard : partition;
  for (let at: bigint | null = 0n; at !== null; ) {
    at = await readFrom(reader, { topic, partition: index, fromOffset: at }, (value, offset) => {
      source.read(value, offset, rows);
      return source.takeReread();
    });
  }
  return { shard, partition, fromHeight: 0, checkpoint: source.checkpoint, rows };
}

/** Null at the end; else where `take` wants to read on. */
async function readFrom(
  reader: ReturnType<World['log']['open']>['reader'],
  start: { readonly topic: string; readonly partition: number; readonly fromOffset: bigint },
  take: (value: Uint8Array, offset: bigint) => bigint | null,
): Promise<bigint | null> {
  const { end } = await reader.offsets(start.topic, start.partition);
  if (start.fromOffset >= end) return null;
  const subscription = await reader.subscribe({ partitions: [start], maxBatchBytes: BATCH_BYTES });
  let again: bigint | null = null;
  for await (const batch of subscription.batches) {
    for (const { value, offset } of batch.records) again ??= take(value, offset);
    if (again !== null || batch.nextOffset >= end) break;
  }
  await subscription.close();
  return again;
}
