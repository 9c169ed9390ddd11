import { expect, it, vi } from 'vitest';
import type { Checkpoint, ProjectionStore } from '../../projections/ports.js';
import type { CommittedEvents } from '../../projections/readModel.js';
import { RowBatch } from '../../projections/runner/rowBatch.js';
import { stats } from '../../projections/stats/fold.js';
import { type VolumeRow, volumes } from '../../projections/stats/table.js';
import { present } from '../../schemas/kernel/assert.js';
import { PROJECTION_COPY_ROWS_MIN } from '../../schemas/limits.js';
import type { EventEnvelope } from '../../schemas/types/event.js';
import { dropProjections } from '../../test/simulation/dropProjections.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { createMemoryProjectionStore } from '../../test/simulation/memoryProjectionStore.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { openProjectionStore } from './projectionStore.js';
import { tableHashes } from './tableHashes.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const tables = tablesServer('totals');

const PARTITION = 0;

/** Commits one batch after the other, each as the next height of a partition. */
async function commitAll(store: ProjectionStore, batches: readonly RowBatch[]): Promise<void> {
  const all = await store.checkpoints(0);
  const start = present(
    all.find(({ partition }) => partition === PARTITION),
    'a partition',
  );
  for (const [fromHeight, rows] of batches.entries()) {
    const checkpoint: Checkpoint = { ...start, height: fromHeight + 1 };
    await store.commit([{ shard: 0, partition: PARTITION, fromHeight, checkpoint, rows }]);
  }
}

/** What a real store's `volumes` hold after these batches, as its lines in memory are. */
async function storedLines(batches: readonly RowBatch[]): Promise<string[]> {
  const store = await openProjectionStore({
    ...{ url: tables.url, genesis: engineGenesis, log: quietLog },
  });
  try {
    await commitAll(store, batches);
  } finally {
    await store.close();
  }
  const { rows } = await tables.admin.query(
    `select concat_ws(' ', '${volumes.name}', ${Object.keys(volumes.columns).join(', ')}) as line
     from nullspace.volumes`,
  );
  return rows.map(({ line }) => line).toSorted();
}

async function memoryLines(batches: readonly RowBatch[]): Promise<string[]> {
  const store = createMemoryProjectionStore(engineGenesis);
  await commitAll(store, batches);
  return store.lines().filter((line) => line.startsWith(`${volumes.name} `));
}

const rowOf = (asset: number, value: bigint): VolumeRow => ({
  ...{ shard: 0, partition: PARTITION, span_ms: 0, bucket_ms: 0, asset },
  ...{ staked: value, paid: -value, transferred: 2n * value, claimed: 0n },
});

/** Around the ends of what a digit of numeric, a double and 64 bits hold. */
const EDGES = [0n, 10_000n, 10n ** 16n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 10n ** 80n]
  .flatMap((edge) => [edge - 1n, edge, edge + 1n])
  .flatMap((value) => [value, -value]);

it('are equal by COPY, by a statement and in memory: large ones, none, negative ones', async () => {
  const values = Array.from({ length: PROJECTION_COPY_ROWS_MIN }, (_, at) => {
    return (EDGES[at % EDGES.length] ?? 0n) + BigInt(at);
  });
  const begun = (): RowBatch => {
    const rows = new RowBatch();
    for (const [asset, value] of values.entries()) rows.begin(volumes, rowOf(asset, value));
    return rows;
  };
  const put = (sign: bigint): RowBatch => {
    const rows = new RowBatch();
    for (const [asset, value] of values.entries()) rows.put(volumes, rowOf(asset, sign * value));
    return rows;
  };
  // The first goes in by COPY, the others merge by a statement.
  const copied = await storedLines([begun(), put(3n), put(-1n)]);
  await dropProjections(tables.admin);
  expect(await storedLines([put(1n), put(3n), put(-1n)])).toEqual(copied);
  expect(await memoryLines([begun(), put(3n), put(-1n)])).toEqual(copied);
  const largest = 3n * (10n ** 80n + 1n + BigInt(EDGES.length - 2));
  const asset = EDGES.length - 2;
  expect(copied).toContain(`volumes 0 0 0 0 ${asset} ${largest} ${-largest} ${2n * largest} 0`);
});

/** Transfers at one height, of which each says only what 64 bits hold. */
function transfers(height: number, amounts: readonly bigint[]): CommittedEvents {
  const events = amounts.map((amount, eventIndex) => {
    const body = {
      ...{ kind: 'BalanceChanged', asset: 1, delta: -amount, balance: 0n },
      ...{ reason: 'TRANSFER_OUT', commandId: null },
    } as unknown as EventEnvelope['body'];
    const at = { shard: 0, partition: PARTITION, height, executionIndex: 1, eventIndex };
    const event = { ...at, key: new Uint8Array(32), keySequence: 0, timestampMs: height, body };
    return { event, value: new Uint8Array(0) };
  });
  const mark = {} as CommittedEvents['mark'];
  return { shard: 0, partition: PARTITION, height, timestampMs: height, mark, events };
}

it('pass 64 bits when money goes to and fro, however heights are cut into batches', async () => {
  const heights = Array.from({ length: 6 }, (_, at) => transfers(at + 1, [4n * 10n ** 18n]));
  const folded = (...heights: readonly CommittedEvents[]): RowBatch => {
    const rows = new RowBatch();
    for (const events of heights) stats.foldEvents?.(events, rows);
    return rows;
  };
  const hashes = [];
  const cuts = [() => heights.map((each) => folded(each)), () => [folded(...heights)]];
  for (const batches of cuts) {
    await dropProjections(tables.admin);
    const lines = await storedLines(batches());
    expect(lines).toContain(`volumes 0 0 0 0 1 0 0 ${24n * 10n ** 18n} 0`);
    expect(await memoryLines(batches())).toEqual(lines);
    hashes.push((await tableHashes(tables.admin)).find(({ table }) => table === volumes.name));
  }
  expect(hashes[1]).toEqual(hashes[0]);
});

it('are a bug where a column does not hold them: nothing is written', async () => {
  const store = await openProjectionStore({
    ...{ url: tables.url, genesis: engineGenesis, log: quietLog },
  });
  const rows = new RowBatch();
  rows.put(volumes, { ...rowOf(1, 1n), asset: 2 ** 53 });
  await expect(commitAll(store, [rows])).rejects.toMatchObject({ name: 'AssertionError' });
  await store.close();
  const { rows: found } = await tables.admin.query(
    'select count(*)::integer as n from nullspace.volumes',
  );
  expect(found).toEqual([{ n: 0 }]);
});
