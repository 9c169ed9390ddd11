import { afterEach, describe, expect, it, vi } from 'vitest';
import { VIEW_SCHEMA } from '../../projections/readModels.js';
import type { Projector } from '../../projections/runner/projector.js';
import type { Log } from '../../schemas/log.js';
import { dropProjections } from '../../test/simulation/dropProjections.js';
import {
  engineBeacons,
  engineChain,
  engineGenesis,
  engineVerifiers,
} from '../../test/simulation/engineChain.js';
import {
  openEngineLog,
  projectEngineLog,
  publishHeights,
} from '../../test/simulation/engineLog.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { openReadDatabase } from '../http/readDatabase.js';
import { createPool } from '../postgres/connection.js';
import {
  dropGeneration,
  finishIndexes,
  holdGeneration,
  isHeld,
  prunable,
  pruneGenerations,
  releaseGeneration,
} from '../postgres/generationSwap.js';
import { activeGeneration, listGenerations, ownGeneration } from '../postgres/generations.js';
import { makeBareGeneration, prepareProjections } from '../postgres/projectionSchema.js';
import { projectionContent } from '../postgres/projectionSql.js';
import { openProjectionStore } from '../postgres/projectionStore.js';
import { tableHashes } from '../postgres/tableHashes.js';
import { readGenerationStatus } from './generationStatus.js';
import { generationWords } from './generationWords.js';
import {
  type RebuildOptions,
  type RebuildReport,
  rebuildProjections,
  swapProjections,
} from './rebuildProjections.js';
import { wallTimer } from './wallTimer.js';

/** Generous: other suites may have the processors. */
const WAIT_MS_MAX = 120_000;
vi.setConfig({ testTimeout: 2 * WAIT_MS_MAX });
const HEIGHTS = 60;
const chain = engineChain({ heights: HEIGHTS, commands: 12, seed: 21 });
const tables = tablesServer('rebuild');
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function project(log: Log, leaseMs = 1_500): Promise<Projector> {
  const store = await openProjectionStore({
    ...{ url: tables.url, genesis: engineGenesis, log: quietLog },
  });
  const projector = projectEngineLog(log, { owner: 'live', leaseMs, store, timer: wallTimer });
  opened.push(() => store.close());
  opened.push(() => projector.stop());
  return projector;
}

function rebuildOptions(log: Log, reports: RebuildReport[] = []): RebuildOptions {
  return {
    ...{ url: tables.url, genesis: engineGenesis, reader: log.reader, verifiers: engineVerifiers },
    ...{ beacons: engineBeacons, timer: wallTimer, log: quietLog },
    report: (report) => reports.push(report),
  };
}

async function visibleHeight(): Promise<number> {
  const { rows } = await tables.admin.query(`select height from ${VIEW_SCHEMA}.visible_height`);
  return Number(rows[0]?.height ?? 0);
}

async function untilVisible(height: number): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while ((await visibleHeight()) < height) {
    if (Date.now() > deadline) throw new Error(`never: height ${height} visible`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Reads as a reader does, until stopped: every height seen, and what failed. */
function watchReads(): { readonly heights: number[]; stop(): Promise<void> } {
  const sql = openReadDatabase({ url: tables.url, applicationName: 'reader', log: quietLog });
  const heights: number[] = [];
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      const [row] = await sql.rows('select height from visible_height where shard = 0', []);
      const height = Number(row?.height);
      const rows = await sql.rows(
        'select count(*) as found from blocks where shard = 0 and height <= $1',
        [height],
      );
      expect(Number(rows[0]?.found)).toBe(height);
      heights.push(height);
    }
  })();
  return {
    heights,
    async stop() {
      isOver = true;
      await reading;
      await sql.close();
    },
  };
}

describe('tables made anew', () => {
  it('replace the old ones under live traffic: no height goes down, no read fails', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 20));
    const projector = await project(log);
    await untilVisible(20);
    const before = await activeGeneration(tables.admin);
    const reads = watchReads();
    const traffic = publishHeights(log, chain.slice(20), 40);
    const reports: RebuildReport[] = [];
    const rebuilt = await rebuildProjections(rebuildOptions(log, reports));
    await traffic;
    await untilVisible(HEIGHTS);
    await reads.stop();
    expect(rebuilt).toMatchObject({ swapped: true, compared: 13 });
    expect(rebuilt.schema).not.toBe(before?.schema);
    const { heights } = reads;
    expect(heights.length).toBeGreaterThan(10);
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
    const stages = new Set(reports.map(({ stage }) => stage));
    expect([...stages]).toEqual(['folding', 'indexing', 'comparing', 'swapping', 'handing over']);
    const states = (await listGenerations(tables.admin)).map(({ schema, state }) => [
      schema,
      state,
    ]);
    expect(states).toEqual([
      [before?.schema, 'retired'],
      [rebuilt.schema, 'active'],
    ]);
    await projector.stop();
    // A projector that only ever knew the new tables leaves the same.
    const hashes = await tableHashes(tables.admin);
    await dropProjections(tables.admin);
    await project(log);
    await untilVisible(HEIGHTS);
    expect(await tableHashes(tables.admin)).toEqual(hashes);
  });

  it('have every index of the others', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 10));
    await project(log);
    await untilVisible(10);
    const old = (await activeGeneration(tables.admin))?.schema ?? '';
    const { schema } = await rebuildProjections(rebuildOptions(log));
    const indexesOf = async (name: string): Promise<string[]> => {
      const { rows } = await tables.admin.query(
        'select indexdef from pg_indexes where schemaname = $1 order by tablename, indexname',
        [name],
      );
      return rows.map(({ indexdef }) => indexdef.replaceAll(name, 'schema'));
    };
    expect(await indexesOf(schema)).toEqual(await indexesOf(old));
  });

  it('that differ from the old ones are left aside, and say where', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 15));
    const projector = await project(log);
    await untilVisible(15);
    await projector.stop();
    const old = (await activeGeneration(tables.admin))?.schema ?? '';
    await tables.admin.query(`update "${old}".balances set balance = balance + 1
      where account = (select min(account) from "${old}".balances)`);
    const rebuild = rebuildProjections(rebuildOptions(log));
    await expect(rebuild).rejects.toThrow(
      /table balances: .* at equal heights\..* was PROJECTION_VERSION raised\?/,
    );
    expect((await activeGeneration(tables.admin))?.schema).toBe(old);
    const [, left] = await listGenerations(tables.admin);
    expect(left?.mismatch).toMatch(/^table balances: /);
    const swapped = swapProjections(rebuildOptions(log), left?.schema ?? '');
    await expect(swapped).rejects.toThrow(`${left?.schema} is mismatched`);
    // Even where no others are left, no projector takes them for its own.
    await tables.admin.query(
      `update ${VIEW_SCHEMA}.generations set content = 'other' where mismatch is null`,
    );
    expect(ownGeneration(await listGenerations(tables.admin))).toBeNull();
    expect(await pruneGenerations(tables.admin, 60_000)).toEqual([]);
    expect(await pruneGenerations(tables.admin, -1_000)).toEqual([left?.schema]);
  });

  it('are kept beside the old ones until asked for, shown, and the old ones pruned', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 15));
    await project(log, 60_000);
    await untilVisible(15);
    const held = await readGenerationStatus({ pool: tables.admin, log, genesis: engineGenesis });
    expect(held.map(({ projectors }) => projectors.length)).toEqual([1]);
    const kept = await rebuildProjections({ ...rebuildOptions(log), swap: false });
    expect(kept.swapped).toBe(false);
    const pool = tables.admin;
    const shown = await readGenerationStatus({ pool, log, genesis: engineGenesis });
    expect(shown.map(({ state, share, height }) => [state, share, height])).toEqual([
      ['active', 1, 15],
      ['building', 1, 15],
    ]);
    const all = await listGenerations(tables.admin);
    expect(prunable(all, 0, Date.now() + 1_000)).toEqual([]);
    const replaced = all.map((each) => ({
      ...each,
      state: 'retired' as const,
      changedAtMs: 5_000,
    }));
    expect(prunable(replaced, 1_000, 5_999)).toEqual([]);
    expect(prunable(replaced, 1_000, 6_000)).toEqual(replaced);
  });

  it('are shown at once when an operator asks, while a projector fills them', async () => {
    const log = await openEngineLog();
    await publishHeights(log, chain.slice(0, 15));
    const older = await project(log);
    await untilVisible(15);
    await older.stop();
    // As those of a newer program are, which runs no more.
    await tables.admin.query(
      `update ${VIEW_SCHEMA}.generations set content = 'newer', version = 99`,
    );
    await project(log);
    const schemas = (await listGenerations(tables.admin)).map(({ schema }) => schema);
    const told = async (): Promise<string> => {
      const generations = await readGenerationStatus({
        pool: tables.admin,
        log,
        genesis: engineGenesis,
      });
      return generationWords(generations, { content: projectionContent(), version: 3 }).join('\n');
    };
    await vi.waitFor(
      async () => expect(await told()).toMatch(/readers do not see it/),
      WAIT_MS_MAX,
    );
    expect(await told()).toMatch(
      /nobody fills it, .* start a projector of a program of version 99/,
    );
    const traffic = publishHeights(log, chain.slice(15), 20);
    await swapProjections(rebuildOptions(log), schemas[1] ?? '');
    await traffic;
    await untilVisible(HEIGHTS);
    expect((await activeGeneration(tables.admin))?.schema).toBe(schemas[1]);
    await vi.waitFor(async () => expect(await told()).toMatch(/it is filled by live/), WAIT_MS_MAX);
    expect(await told()).toMatch('an operator chose it over a newer version');
  });

  it('that died are dropped once nobody builds them', async () => {
    const { url } = tables;
    const pool = createPool({ url, applicationName: 'prune', log: quietLog, max: 3 });
    opened.push(() => pool.end());
    const schema = await makeBareGeneration(pool, engineGenesis);
    const holder = await holdGeneration(pool, schema);
    expect(await pruneGenerations(pool, 0)).toEqual([]);
    expect(await isHeld(pool, schema)).toBe(true);
    expect(await dropGeneration(pool, schema)).toBe('held');
    await releaseGeneration(holder);
    expect(await isHeld(pool, schema)).toBe(false);
    expect(await pruneGenerations(pool, 60_000)).toEqual([]);
    expect(await pruneGenerations(pool, 0)).toEqual([schema]);
    expect(await dropGeneration(pool, schema)).toBe('unknown');
    expect(await listGenerations(tables.admin)).toEqual([]);
  });

  it('that have indexes already, and whose rebuild died, are dropped by their name', async () => {
    const { url } = tables;
    const pool = createPool({ url, applicationName: 'drop', log: quietLog, max: 3 });
    opened.push(() => pool.end());
    const seen = await prepareProjections(pool, engineGenesis);
    const left = await makeBareGeneration(pool, engineGenesis);
    await finishIndexes(pool, left);
    expect(await pruneGenerations(pool, 0)).toEqual([]);
    expect(await dropGeneration(pool, seen)).toBe('active');
    expect(await dropGeneration(pool, left)).toBe('dropped');
    expect((await listGenerations(pool)).map(({ schema }) => schema)).toEqual([seen]);
  });
});
