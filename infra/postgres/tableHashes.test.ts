import { beforeEach, expect, it, vi } from 'vitest';
import { balances } from '../../projections/accounts/table.js';
import { engineGenesis } from '../../test/simulation/engineChain.js';
import { tablesServer } from '../../test/simulation/tablesServer.js';
import { prepareProjections } from './projectionSchema.js';
import { hashTable, tableHashes } from './tableHashes.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const tables = tablesServer('hashes');
let schema: string;

beforeEach(async () => {
  schema = await prepareProjections(tables.admin, engineGenesis);
});

const ROWS = 3_000;

/** The same rows, put where `order` says. */
async function fill(order: 'asc' | 'desc'): Promise<void> {
  await tables.admin.query(`truncate ${schema}.balances`);
  await tables.admin.query(
    `insert into ${schema}.balances
     select sha256(n::text::bytea), n % 3, 0, 0, n * 1000, n
     from generate_series(1, $1::integer) as n
     order by n ${order}`,
    [ROWS],
  );
}

async function hashed(pieceRows?: number): ReturnType<typeof hashTable> {
  const client = await tables.admin.connect();
  try {
    return await hashTable(client, schema, balances, pieceRows);
  } finally {
    client.release();
  }
}

it('are of pieces, none of which grows with the table', async () => {
  await fill('asc');
  const whole = await hashed();
  expect(whole).toMatchObject({ table: 'balances', rows: ROWS, pieces: 1, pieceRows: ROWS });
  const pieces = await hashed(100);
  expect(pieces).toMatchObject({ rows: ROWS, pieces: 32 });
  // 94 on average; rows are spread over pieces by their hashes.
  expect(pieces.pieceRows).toBeLessThan(200);
  expect(pieces.sha256).not.toBe(whole.sha256);
  const single = await hashed(0.5);
  expect(single.pieceRows).toBeLessThan(10);
});

it.each([undefined, 100])('do not depend on where rows lie, in pieces of %s', async (pieceRows) => {
  await fill('asc');
  const one = await hashed(pieceRows);
  await fill('desc');
  // Moved by an update that changes nothing.
  await tables.admin.query(`update ${schema}.balances set height = height where height % 7 = 0`);
  expect(await hashed(pieceRows)).toEqual(one);
});

it.each([
  ['a value', 'update balances set balance = balance + 1 where height = 77'],
  ['a key', 'update balances set asset = asset + 3 where height = 77'],
  ['a row fewer', 'delete from balances where height = 77'],
  [
    'two values changed over',
    'update balances set balance = 155000 - balance where height in (77, 78)',
  ],
])('differ by %s, and no other table does', async (_, change) => {
  await fill('asc');
  const before = [await hashed(), await hashed(100)];
  const all = await tableHashes(tables.admin);
  const { rowCount } = await tables.admin.query(change.replace('balances', `${schema}.balances`));
  expect(rowCount).toBeGreaterThan(0);
  for (const [index, pieceRows] of [undefined, 100].entries()) {
    expect((await hashed(pieceRows)).sha256).not.toBe(before[index]?.sha256);
  }
  const changed = await tableHashes(tables.admin);
  const different = changed.filter(({ sha256 }, index) => sha256 !== all[index]?.sha256);
  expect(different.map(({ table }) => table)).toEqual(['balances']);
});

it('are of nothing where a table is empty', async () => {
  expect(await hashed()).toMatchObject({ rows: 0, pieces: 0, pieceRows: 0 });
});
