import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ReadModel, Table } from '../../projections/readModel.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { quietLog } from '../../test/simulation/projectedChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { activeGeneration } from './generations.js';
import type { OpenProjectionStore } from './projectionStore.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const tables = tablesServer('upgrades');
const opened: OpenProjectionStore[] = [];

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
  const { pruneGenerations } = await import('./generationSwap.js');
  const { projectionContent } = await import('./projectionSql.js');
  vi.doUnmock('../../projections/readModels.js');
  vi.doUnmock('node:fs');
  const open = async () => {
    const store = await openProjectionStore({
      ...{ url: tables.url, genesis: engineGenesis, log: quietLog },
    });
    opened.push(store);
    return store;
  };
  /** A projector that looks for what to fold, and puts it behind the views when it is there. */
  const look = async () => {
    const store = await open();
    await store.acquireLeases(0, `v${version}`, 60_000);
    return store;
  };
  const prune = (graceMs: number) => pruneGenerations(tables.admin, graceMs);
  return { open, look, prune, content: projectionContent };
}

async function query(text: string): Promise<readonly Record<string, unknown>[]> {
  return (await tables.admin.query(text)).rows;
}

/** The generation that a view shows rows of; null for what is no view. */
async function generationBehind(view: string): Promise<string | null> {
  const [row] = await query(`select pg_get_viewdef(to_regclass('${view}')) as text`);
  return /FROM (p_nullspace_\w+)\./.exec(String(row?.text))?.[1] ?? null;
}

const activeSchema = async (): Promise<string> =>
  (await activeGeneration(tables.admin))?.schema ?? 'none is active';

/** As if an event of the house had been folded. */
async function earn(hour: number, profit: number): Promise<void> {
  await query(`insert into ${await activeSchema()}.house_hours values (${hour}, ${profit})`);
}

describe('a read model that does not fit its tables is found before anything is folded', () => {
  it('one that names a view which its SQL does not make', async () => {
    const views = ['house_profit', 'house_losses'];
    const program = await programOf({ version: 9, models: [{ ...house, views }] });
    await expect(program.open()).rejects.toThrow(
      'read models name house_losses, which no table.sql makes',
    );
    const { rows } = await tables.admin.query(
      "select from pg_namespace where nspname like 'p_null%'",
    );
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

it('that other versions began and left are pruned, and nothing that somebody fills', async () => {
  const first = await (await programOf({ version: 10 })).look();
  const halted = await (await programOf({ version: 12, models: [house] })).look();
  // As those of a program that halted on its way.
  await query(`update nullspace.generations set state = 'building' where version = 12`);
  await query(`update nullspace.generations set state = 'active' where version = 10`);
  const [, left] = await query('select schema_name from nullspace.generations order by version');
  const schema = String(left?.schema_name);
  const prune = (await programOf({ version: 13 })).prune;
  await first.releaseLeases(0, 'v10');
  expect(await prune(-1_000)).toEqual([]);
  await halted.releaseLeases(0, 'v12');
  expect(await prune(60_000)).toEqual([]);
  // A program of that version goes on with them.
  const own = await programOf({ version: 12, models: [house] });
  expect(await own.prune(-1_000)).toEqual([]);
  expect(await prune(-1_000)).toEqual([schema]);
});

it('whose schema somebody dropped by hand are forgotten by prune', async () => {
  await (await programOf({ version: 10 })).look();
  await (await programOf({ version: 11 })).look();
  const [old] = await query('select schema_name from nullspace.generations order by version');
  await query(`drop schema ${old?.schema_name} cascade`);
  const { prune } = await programOf({ version: 11 });
  expect(await prune(-1_000)).toEqual([old?.schema_name]);
});

describe('views when other tables come', () => {
  const plain = { version: 11 } as const;
  const withHouse = { version: 10, models: [house] } as const;

  it('go with the tables that those lack, and a stranger keeps his own', async () => {
    await (await programOf(withHouse)).look();
    await query('create table nullspace.mine as select 1 as one');
    await query(`create view nullspace.leases as select owner from ${await activeSchema()}.leases`);
    await earn(1, 5);
    await (await programOf(plain)).look();
    expect(await generationBehind('nullspace.games')).toBe(await activeSchema());
    expect(await query("select to_regclass('nullspace.house_profit') as view")).toEqual([
      { view: null },
    ]);
    await expect(tables.admin.query('select from nullspace.house_hours')).rejects.toThrow(
      'does not exist',
    );
    expect(await query('select one from nullspace.mine')).toEqual([{ one: 1 }]);
    expect(await query('select from nullspace.leases')).not.toHaveLength(0);
    // And they come back with them.
    await (await programOf({ ...withHouse, version: 12 })).look();
    expect(await generationBehind('nullspace.house_profit')).toBe(await activeSchema());
  });

  it('keep what analysts made of them, and their rights, while columns only get more', async () => {
    await (await programOf(withHouse)).look();
    await query('create role analyst login');
    await query('create schema mine');
    try {
      await query('grant usage on schema nullspace to analyst');
      await query('grant select on all tables in schema nullspace to analyst');
      await query(
        'create view mine.big as select sum(profit) as profit from nullspace.house_hours',
      );
      await query('alter default privileges in schema nullspace grant select on tables to analyst');
      const best = 'create view house_best as select max(profit) as best from house_hours;';
      const wider = (HOUSE_SQL + best).replace(
        'profit bigint not null',
        'profit bigint not null, note text',
      );
      const columns: Table['columns'] = {
        ...houseHours.columns,
        note: { type: 'text', merge: 'latest', nullable: true },
      };
      const views = ['house_profit', 'house_best'];
      const models = [{ ...house, views, tables: [{ ...houseHours, columns }] }];
      await (await programOf({ version: 11, models, sql: wider })).look();
      await earn(1, 7);
      expect(await query('select profit::integer from mine.big')).toEqual([{ profit: 7 }]);
      expect(await readAs('analyst', 'house_hours')).toEqual([
        { hour: '1', profit: '7', note: null },
      ]);
      expect(await readAs('analyst', 'games')).toEqual([]);
      expect(await readAs('analyst', 'house_best')).toEqual([{ best: '7' }]);
    } finally {
      await query('drop schema mine cascade');
      await query('drop owned by analyst; drop role analyst');
    }
  });

  it('that must be made anew get the rights of the old ones', async () => {
    await (await programOf(withHouse)).look();
    await query('create role analyst login');
    await query('create role "an other" login');
    try {
      await query('grant usage on schema nullspace to analyst, "an other"');
      await query('grant select on nullspace.house_hours to analyst with grant option');
      await query('grant select (profit), update (hour) on nullspace.house_hours to "an other"');
      await query('grant select on nullspace.house_profit to public');
      await (await programOf({ version: 11, ...turnedHouse() })).look();
      await query(`insert into ${await activeSchema()}.house_hours values (3, 1)`);
      expect(await readAs('analyst', 'house_hours')).toEqual([{ profit: '3', hour: '1' }]);
      expect(await readAs('an other', 'house_hours', 'profit')).toEqual([{ profit: '3' }]);
      await expect(readAs('an other', 'house_hours')).rejects.toThrow('permission denied');
      expect(await readAs('an other', 'house_profit')).toEqual([{ profit: '3' }]);
      const [row] = await query(`select is_grantable from information_schema.table_privileges
        where grantee = 'analyst' and table_name = 'house_hours'`);
      expect(row).toEqual({ is_grantable: 'YES' });
    } finally {
      await query('drop owned by analyst, "an other"; drop role analyst, "an other"');
    }
  });

  it('wait for whoever made others of what goes or changes, and folding goes on', async () => {
    await (await programOf(withHouse)).look();
    const old = await activeSchema();
    await query('create schema mine');
    try {
      await query('create view mine.big as select profit from nullspace.house_hours');
      await query('create view mine.all as select * from nullspace.house_profit');
      const turned = await (await programOf({ version: 11, ...turnedHouse() })).look();
      expect(turned.obstacle()).toMatch(
        'view mine.big depends on nullspace.house_hours, which gets other columns. Drop or rename',
      );
      const next = await (await programOf({ version: 12 })).look();
      expect(next.obstacle()).toMatch(
        'view mine.big depends on nullspace.house_hours, which there is no more; ' +
          'view mine."all" depends on nullspace.house_profit, which there is no more',
      );
      expect(await next.checkpoints(0)).toHaveLength(17);
      expect(await next.acquireLeases(0, 'v12', 60_000)).toHaveLength(17);
      expect(await activeSchema()).toBe(old);
      expect(await generationBehind('nullspace.house_hours')).toBe(old);
      await query('drop view mine.big, mine.all');
      await next.acquireLeases(0, 'v12', 60_000);
      expect(next.obstacle()).toBeNull();
      expect(await activeSchema()).not.toBe(old);
    } finally {
      await query('drop schema mine cascade');
    }
  });

  it('wait where a stranger has something of their name, at the first start too', async () => {
    await query('create schema nullspace');
    await query('create table nullspace.games as select 1 as one');
    const program = await programOf(plain);
    await expect(program.open()).rejects.toMatchObject({
      code: 'viewObstacle',
      message: expect.stringMatching('nullspace.games is there, and no view of the projections'),
    });
    expect(await query('select one from nullspace.games')).toEqual([{ one: 1 }]);
  });
});

/** The house's columns in another order: no view of the old ones can be replaced. */
function turnedHouse(): Pick<Program, 'models' | 'sql'> {
  const { hour, profit } = houseHours.columns;
  const columns = { profit: profit!, hour: hour! };
  return {
    models: [{ ...house, tables: [{ ...houseHours, columns }] }],
    sql: HOUSE_SQL.replace(/\(hour .* null\)/, '(profit bigint not null, hour bigint primary key)'),
  };
}

async function readAs(role: string, view: string, columns = '*') {
  const client = await tables.admin.connect();
  try {
    await client.query(`set role "${role}"`);
    return (await client.query(`select ${columns} from nullspace.${view}`)).rows;
  } finally {
    await client.query('reset role');
    client.release();
  }
}
