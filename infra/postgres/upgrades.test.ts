import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReadModel, Table } from '../../projections/readModel.js';
import { dropProjections } from '../../test/simulation/dropProjections.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embeddedPostgres.js';
import type { OpenProjectionStore } from './projectionStore.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const dataDir = mkdtempSync(join(tmpdir(), 'nullspace-upgrades-'));
let server: EmbeddedPostgres;
let admin: pg.Pool;
const opened: OpenProjectionStore[] = [];

beforeAll(async () => {
  server = await startEmbeddedPostgres({ dataDir, publicDir: `${dataDir}-public`, log: quietLog });
  admin = new pg.Pool({ connectionString: server.url, max: 2 });
  admin.on('error', () => {}); // idle connections, when the server stops
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(`${dataDir}-public`, { recursive: true, force: true });
});
beforeEach(() => dropProjections(admin));
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

const houseHours: Table = {
  name: 'house_hours',
  kind: 'fold',
  columns: { hour: { type: 'count', merge: 'key' }, profit: { type: 'amount', merge: 'sum' } },
};
const house: ReadModel = { name: 'house', tables: [houseHours], views: ['house_profit'] };
const HOUSE_SQL = `
  create table house_hours (hour bigint primary key, profit bigint not null);
  create view house_profit as select sum(profit) as profit from house_hours;`;

interface Program {
  readonly version: number;
  /** Besides those of this program. */
  readonly models?: readonly ReadModel[];
  /** Of `house/table.sql`, which no disk has. */
  readonly sql?: string;
}

/** Modules of a program of another version, with a further read model. */
async function programOf({ version, models = [], sql = HOUSE_SQL }: Program) {
  const isHouse = (path: unknown): boolean => String(path).endsWith('/house/table.sql');
  vi.resetModules();
  vi.doMock('../../projections/readModels.js', async (original) => {
    const own = await original<{ readonly readModels: readonly ReadModel[] }>();
    return { ...own, PROJECTION_VERSION: version, readModels: [...own.readModels, ...models] };
  });
  vi.doMock('node:fs', async (original) => {
    const fs = await original<typeof import('node:fs')>();
    return {
      ...fs,
      existsSync: (path: string) => isHouse(path) || fs.existsSync(path),
      readFileSync: (path: string, how: 'utf8') => {
        return isHouse(path) ? sql : fs.readFileSync(path, how);
      },
    };
  });
  const { openProjectionStore } = await import('./projectionStore.js');
  const { projectionContent } = await import('./projectionSql.js');
  vi.doUnmock('../../projections/readModels.js');
  vi.doUnmock('node:fs');
  const open = async () => {
    const store = await openProjectionStore({
      ...{ url: server.url, genesis: engineGenesis, log: quietLog },
    });
    opened.push(store);
    return store;
  };
  return { open, content: projectionContent };
}

describe('a read model that does not fit its tables is found before anything is folded', () => {
  it('one that names a view which its SQL does not make', async () => {
    const views = ['house_profit', 'house_losses'];
    const program = await programOf({ version: 9, models: [{ ...house, views }] });
    await expect(program.open()).rejects.toThrow(
      'read models name house_losses, which no table.sql makes',
    );
    const { rows } = await admin.query("select from pg_namespace where nspname like 'p_null%'");
    expect(rows).toHaveLength(0);
  });

  it('two of one name', async () => {
    const models = [{ ...house, tables: [houseHours, { ...houseHours, name: 'games' }] }];
    const program = await programOf({ version: 9, models });
    await expect(program.open()).rejects.toThrow('more than one table or view is called games');
  });

  it('one whose folder is called otherwise', async () => {
    const program = await programOf({ version: 9, models: [{ ...house, name: 'houze' }] });
    await expect(program.open()).rejects.toMatchObject({
      name: 'AssertionError',
      message: expect.stringMatching('houze has no projections/houze/table.sql'),
    });
  });
});

it('names what views are seen in the name of the tables', async () => {
  const some = await programOf({ version: 9, models: [{ ...house, views: [] }] });
  const more = await programOf({ version: 9, models: [house] });
  expect(some.content()).not.toBe(more.content());
});
