import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql, SqlValue } from '../../query/ports.js';
import type { Parameters } from '../../query/routes/route.js';
import { routes } from '../../query/routes/routes.js';
import { present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { engineGenesis, engineKeys } from '../../test/simulation/engineChain.js';
import {
  openProjectedChain,
  type ProjectedChain,
  quietLog,
} from '../../test/simulation/projectedChain.js';
import { createPool } from '../postgres/connection.js';
import { openReadDatabase, type ReadDatabase } from './readDatabase.js';

const HEIGHTS = 12;
/** What the server does with tables too large to read, or to sort, as a whole. */
const SETTINGS = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort']
  .map((name) => `-c ${name}=off`)
  .join(' ');
let world: ProjectedChain;
let planner: ReadDatabase;

beforeAll(async () => {
  world = await openProjectedChain({ heights: HEIGHTS, commands: 8 });
  await world.project(HEIGHTS);
  const url = new URL(world.url);
  url.searchParams.set('options', SETTINGS);
  planner = openReadDatabase({ url: url.href, applicationName: 'planner', log: quietLog });
});
afterAll(async () => {
  await planner.close();
  await world.close();
});

interface Asked {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** The statements with which a route answers. */
async function statementsOf(url: string, parameters: Parameters): Promise<Asked[]> {
  const asked: Asked[] = [];
  const sql: Sql = {
    rows(text, values) {
      asked.push({ text, values });
      return planner.rows(text, values);
    },
  };
  const route = present(
    routes.find((each) => each.url === url),
    url,
  );
  const visible = { height: HEIGHTS, timestampMs: 1 };
  const context = {
    ...{ sql, genesis: engineGenesis, keys: engineKeys, shard: 0, visible },
    states: noStates,
  };
  expect((await route.read(context, parameters)).kind).toBe('found');
  return asked;
}

const noStates = { read: async () => null };

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

async function planOf(
  { text, values }: Asked,
  options = 'format json',
): Promise<readonly PlanNode[]> {
  const [row] = await planner.rows(`explain (${options}) ${text}`, values);
  const [explained] = present(row, 'a plan')['QUERY PLAN'] as [{ readonly Plan: PlanNode }];
  return nodesOf(explained.Plan);
}

/** Indexes by which a route finds its rows, in the order of its statements. */
async function indexesOf(url: string, parameters: Parameters): Promise<string[]> {
  const names: string[] = [];
  for (const asked of await statementsOf(url, parameters)) {
    const nodes = await planOf(asked);
    const types = nodes.map((node) => node['Node Type']);
    expect(types, asked.text).not.toContain('Seq Scan');
    expect(types, asked.text).not.toContain('Sort');
    for (const node of nodes) {
      const index = node['Index Name'];
      if (index === undefined) continue;
      expect(node['Index Cond'], asked.text).toBeDefined();
      names.push(index);
    }
  }
  return names;
}

const page = { limit: 10 };

it.each([
  ['/explorer/blocks', {}, ['blocks_pkey']],
  ['/explorer/commands', {}, ['commands_position']],
  ['/explorer/blocks', { nonEmpty: true }, ['blocks_busy']],
  ['/explorer/commands', { status: 'executed' }, ['commands_position']],
  ['/explorer/commands', { status: 'refused' }, ['commands_refused']],
  ['/explorer/commands', { status: 'refused', kind: 'Transfer' }, ['commands_refused']],
  [
    '/explorer/accounts/:publicKey/commands',
    { status: 'refused', publicKey: 'ab'.repeat(32) },
    ['commands_account_refused'],
  ],
  ['/explorer/commands', { kind: 'Transfer' }, ['commands_kind']],
  ['/explorer/games', {}, ['games_position']],
  ['/explorer/games', { status: 'playing' }, ['games_playing']],
] as const)('%s %o is a walk along an index', async (url, parameters, indexes) => {
  expect(await indexesOf(url, { ...page, ...parameters })).toEqual(indexes);
});

it('lists of one account, block and ranking are such walks too', async () => {
  const [row] = await world.sql.rows('select account, id, height from commands limit 1', []);
  const publicKey = toHex(row?.account as Uint8Array);
  const ofAccount = (what: string) =>
    indexesOf(`/explorer/accounts/:publicKey/${what}`, { ...page, publicKey });
  expect(await ofAccount('commands')).toEqual(['commands_account']);
  expect(await ofAccount('games')).toEqual(['games_account']);
  const block = String(row?.height);
  expect(await indexesOf('/explorer/blocks/:block/commands', { ...page, block })).toEqual([
    ...['blocks_pkey', 'commands_position'],
  ]);
  expect((await indexesOf('/explorer/accounts', page))[0]).toBe('balances_rank');
  const id = toHex(row?.id as Uint8Array);
  expect(await indexesOf('/explorer/commands/:id', { id })).toEqual([
    ...['commands_pkey', 'blocks_pkey', 'marks_pkey'],
  ]);
  expect(await indexesOf('/explorer/search', { q: id.slice(0, 8) })).toEqual([
    ...['blocks_digest', 'commands_pkey', 'accounts_pkey'],
  ]);
});

describe('the history of an account', () => {
  const planFor = async (parameters: Parameters): Promise<readonly PlanNode[]> => {
    const [row] = await world.sql.rows('select account from account_history limit 1', []);
    const publicKey = toHex(row?.account as Uint8Array);
    const given = { ...page, publicKey, ...parameters };
    const [asked] = await statementsOf('/explorer/accounts/:publicKey/history', given);
    return planOf(present(asked, 'a statement'));
  };
  const placeIn = (plan: readonly PlanNode[], index: string): number =>
    plan.findIndex((node) => node['Index Name'] === index);

  it('passes over no row of other assets', async () => {
    const plan = await planFor({ asset: 999 });
    const walk = plan[placeIn(plan, 'account_history_pkey')];
    expect(walk?.['Index Cond']).toMatch(/asset = .*height >= /);
    expect(walk).not.toHaveProperty('Filter');
    expect(plan.map((node) => node['Node Type'])).toEqual(['Limit', walk?.['Node Type']]);
  });

  it('of all assets sorts no more than a page of each', async () => {
    const plan = await planFor({});
    const walk = placeIn(plan, 'account_history_pkey');
    expect(plan[walk]?.['Index Cond']).toMatch(/asset = .*height >= /);
    expect(plan[walk - 1]?.['Node Type']).toBe('Limit');
    expect(plan[placeIn(plan, 'balances_pkey')]?.['Index Cond']).toMatch(/account = /);
    expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  });
});

it('goes on when a view has other columns than before', async () => {
  const admin = createPool({ url: world.url, applicationName: 'views', log: quietLog, max: 1 });
  const ask = () => planner.rows('select * from changing where $1::int = 1', [1]);
  await admin.query('create view nullspace.changing as select 1 as value');
  expect(await ask()).toEqual([{ value: 1 }]);
  await admin.query('drop view nullspace.changing');
  await admin.query("create view nullspace.changing as select 'one'::text as value");
  for (let time = 0; time < 3; time++) expect(await ask()).toEqual([{ value: 'one' }]);
  await admin.query('drop view nullspace.changing');
  await admin.end();
});

it('events of a height, as analysts ask for them, are found by an index', async () => {
  const text = 'select kind, value from events where shard = $1 and height = $2';
  const nodes = await planOf({ text, values: [0, HEIGHTS] });
  const found = nodes.find((node) => node['Index Name'] === 'marks_pkey');
  expect(found?.['Index Cond']).toContain('height');
  const rows = await world.sql.rows(text, [0, HEIGHTS]);
  const events = present(world.chain[HEIGHTS - 1], 'a height').events.flat();
  expect(rows.map(({ value }) => toHex(value as Uint8Array)).sort()).toEqual(
    events.map((value) => toHex(value as Uint8Array)).sort(),
  );
});
