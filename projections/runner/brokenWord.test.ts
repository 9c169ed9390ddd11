import { expect, it } from 'vitest';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { createMemoryProjectionStore } from '../../test/simulation/memoryProjectionStore.js';
import { type GameRow, games } from '../sessions/table.js';
import { RowBatch } from './rowBatch.js';

const game: GameRow = {
  ...{ account: new Uint8Array(32), game: 'hiLo', number: 1, shard: 0, partition: 0, asset: 0 },
  ...{ stake: 5n, started_height: 1, execution_index: 1, started_ms: 1, last_height: 1, steps: 1 },
  ...{ outcome: 'PLAYING', worth: 5n, payout: 0n, ended_height: 0, ended_ms: 0 },
};

type Way = 'put' | 'begin' | 'complete';

/** Commits one row of one key in each of two batches. */
async function commitTwo(first: Way, second: Way): Promise<void> {
  const store = createMemoryProjectionStore(engineGenesis);
  const checkpoints = await store.checkpoints(0);
  const start = checkpoints.find(({ partition }) => partition === 0)!;
  for (const [fromHeight, way] of [first, second].entries()) {
    const rows = new RowBatch();
    rows[way](games, { ...game });
    const checkpoint = { ...start, height: fromHeight + 1 };
    await store.commit([{ shard: 0, partition: 0, fromHeight, checkpoint, rows }]);
  }
}

it.each<[Way, Way]>([
  ['put', 'begin'],
  ['begin', 'begin'],
  ['begin', 'complete'],
  ['complete', 'complete'],
  ['complete', 'put'],
])('a fold that breaks its word about a key is found: %s, then %s', async (first, second) => {
  await expect(commitTwo(first, second)).rejects.toThrow(/is (there|complete) already/);
});

it.each<[Way, Way]>([
  ['put', 'put'],
  ['begin', 'put'],
])('one that keeps it is not: %s, then %s', async (first, second) => {
  await expect(commitTwo(first, second)).resolves.toBeUndefined();
});
