import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BLOCKS_PARTITION, type Checkpoint } from '../../projections/ports.js';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import { RowBatch } from '../../projections/runner/rowBatch.js';
import { type GameRow, games } from '../../projections/sessions/table.js';
import { AssertionError, present } from '../../schemas/kernel/assert.js';
import { PROJECTION_COPY_ROWS_MIN } from '../../schemas/limits.js';
import { dropProjections } from '../../test/simulation/dropProjections.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import { activeGeneration } from './generations.js';
import { type OpenProjectionStore, openProjectionStore } from './projectionStore.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-commits-'));
let server: EmbeddedPostgres;
let admin: pg.Pool;
let store: OpenProjectionStore;

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir: `${dataDir}-public`, log: quietLog });
  admin = new pg.Pool({ connectionString: server.url, max: 2 });
  admin.on('error', () => {}); // idle connections, when the server stops
});
afterAll(async () => {
  await store.close();
  await admin.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(`${dataDir}-public`, { recursive: true, force: true });
});
beforeEach(async () => {
  await store?.close();
  await dropProjections(admin);
  store = await openProjectionStore({ url: server.url, genesis: engineGenesis, log: quietLog });
});

/** Commits what `fill` puts as the blocks of a height, by a store that packs. */
async function commit(height: number, fill: (rows: RowBatch) => void): Promise<void> {
  const rows = new RowBatch(undefined, store.pack);
  fill(rows);
  const [blocks] = await store.checkpoints(0);
  const checkpoint: Checkpoint = { ...present(blocks, 'the blocks'), height };
  const partition = BLOCKS_PARTITION;
  await store.commit([{ shard: 0, partition, fromHeight: height - 1, checkpoint, rows }]);
}

const gameOf = (number: number, height: number, steps: number): GameRow => ({
  ...{ account: engineKeys.chainId, game: 'hiLo', number, shard: 0, partition: 0, asset: 0 },
  ...{ stake: 5n, started_height: height, execution_index: number, started_ms: height },
  ...{ last_height: height, steps, outcome: 'PLAYING', worth: 5n, payout: 0n },
  ...{ ended_height: 0, ended_ms: 0 },
});

describe('rows that begin', () => {
  it('go in by COPY once they are many, beside those that merge; a second one fails', async () => {
    await commit(1, (rows) => rows.begin(games, gameOf(0, 1, 0)));
    await commit(2, (rows) => {
      for (let number = 1; number <= PROJECTION_COPY_ROWS_MIN; number++) {
        rows.begin(games, gameOf(number, 2, 0));
      }
      for (const number of [0, 1]) rows.put(games, gameOf(number, 2, 1));
    });
    const { rows: counted } = await admin.query(
      `select count(*)::integer as games, sum(steps)::integer as steps,
         (array_agg(started_height order by number))[1]::integer as first
       from nullspace.games`,
    );
    expect(counted).toEqual([{ games: PROJECTION_COPY_ROWS_MIN + 1, steps: 2, first: 1 }]);
    const again = commit(3, (rows) => {
      for (let number = 0; number <= PROJECTION_COPY_ROWS_MIN; number++) {
        rows.begin(games, gameOf(number, 3, 0));
      }
    });
    await expect(again).rejects.toMatchObject({ sqlState: '23505' });
    expect((await store.checkpoints(0))[0]).toMatchObject({ height: 2 });
  });

  it.each(['begin', 'complete'] as const)(
    'are refused where one of a key is there, a few of them too: %s',
    async (put) => {
      await commit(1, (rows) => rows.begin(games, gameOf(0, 1, 0)));
      const again = commit(2, (rows) => {
        rows[put](games, gameOf(0, 2, 0));
        rows.begin(games, gameOf(1, 2, 0));
      });
      const refusal = { code: 'refused', retriable: false, sqlState: '23505' };
      const message = expect.stringMatching(/^table games: Postgres: duplicate key/);
      await expect(again).rejects.toMatchObject({ ...refusal, message });
      const { rows: kept } = await admin.query('select last_height from nullspace.games');
      expect(kept).toEqual([{ last_height: '1' }]);
      expect((await store.checkpoints(0))[0]).toMatchObject({ height: 1 });
    },
  );

  it('are written beside those that merge, a few of both', async () => {
    await commit(1, (rows) => rows.begin(games, gameOf(0, 1, 0)));
    await commit(2, (rows) => {
      rows.put(games, gameOf(0, 2, 1));
      rows.begin(games, gameOf(1, 2, 0));
      rows.complete(games, gameOf(2, 2, 0));
    });
    const { rows: found } = await admin.query(
      `select number::integer, started_height::integer as started, steps::integer
       from nullspace.games order by number`,
    );
    expect(found).toEqual([
      { number: 0, started: 1, steps: 1 },
      { number: 1, started: 2, steps: 0 },
      { number: 2, started: 2, steps: 0 },
    ]);
  });
});

describe('rows that cannot be written', () => {
  const many = (rows: RowBatch): void => {
    for (let number = 1; number <= PROJECTION_COPY_ROWS_MIN; number++) {
      rows.begin(games, gameOf(number, 1, 0));
    }
  };

  it('are refused with the name of their table, few or many', async () => {
    const wrong = { ...gameOf(0, 1, 0), game: 'nul \0' };
    const refusal = { code: 'refused', message: expect.stringMatching(/^table games: Postgres: /) };
    await expect(commit(1, (rows) => rows.put(games, wrong))).rejects.toMatchObject(refusal);
    await expect(commit(1, (rows) => rows.begin(games, wrong))).rejects.toMatchObject(refusal);
    const copied = commit(1, (rows) => {
      many(rows);
      rows.begin(games, wrong);
    });
    await expect(copied).rejects.toMatchObject(refusal);
  });

  it('are bugs with the name of their table where no column can hold them', async () => {
    const wrong = { ...gameOf(0, 1, 0), steps: 0.5 };
    const failed = commit(1, (rows) => rows.put(games, wrong));
    await expect(failed).rejects.toBeInstanceOf(AssertionError);
    await expect(commit(1, (rows) => rows.put(games, wrong))).rejects.toThrow(/^table games: /);
  });
});

describe('tables with other columns than the rows that folds write', () => {
  const other = [
    'alter table S.games rename stake to payout_; alter table S.games rename payout to stake; ' +
      'alter table S.games rename payout_ to payout',
    'alter table S.games alter stake type numeric',
    'alter table S.games alter stake drop not null',
    'alter table S.games drop column stake',
  ];

  it.each(other)('are refused before anything is written: %s', async (change) => {
    const active = present(await activeGeneration(admin), 'tables');
    await admin.query(`drop view ${VIEW_SCHEMA}.games cascade`); // it holds the types
    await admin.query(change.replaceAll('S.', `${active.schema}.`));
    const swapped = commit(1, (rows) => rows.put(games, gameOf(0, 1, 0)));
    await expect(swapped).rejects.toBeInstanceOf(AssertionError);
    await expect(swapped).rejects.toThrow(/^table \S+\.games, column 7: .* folds write "stake 20 /);
  });
});
