import { describe, expect, it } from 'vitest';
import { mergedRow } from '../test/simulation/memoryProjectionStore.js';
import { type Column, keyColumns, type RowOf, type Table } from './readModel.js';
import { RowBatch } from './runner/rowBatch.js';
import { rowMerger } from './runner/rowMerger.js';

it('has no rule for a type that memory and SQL would merge in two ways', () => {
  const refused: readonly Column[] = [
    // @ts-expect-error a sum of texts would append them
    { type: 'text', merge: 'sum' },
    // @ts-expect-error a list has no sum
    { type: 'countList', merge: 'sum' },
    // @ts-expect-error order of texts is the collation's
    { type: 'text', merge: 'greatest' },
    // @ts-expect-error SQL passes over null, and a program does not
    { type: 'count', merge: 'greatest', nullable: true },
    // @ts-expect-error SQL's sum with null is null
    { type: 'amount', merge: 'sum', nullable: true },
    // @ts-expect-error an object has no text of its own
    { type: 'json', merge: 'key' },
    // @ts-expect-error nor has a list
    { type: 'textList', merge: 'key' },
    // @ts-expect-error null is equal to no key
    { type: 'count', merge: 'key', nullable: true },
  ];
  const allowed: readonly Column[] = [
    { type: 'amount', merge: 'greatest' },
    { type: 'textList', merge: 'latest', nullable: true },
  ];
  expect([refused, allowed].map(({ length }) => length)).toEqual([8, 2]);
});

describe('rows whose keys would be equal if their parts had no ends', () => {
  const key = <T extends 'text' | 'bytes' | 'count'>(type: T) => ({ type, merge: 'key' }) as const;
  const value = { type: 'count', merge: 'sum' } as const;
  const bytes = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers);
  const texts = {
    name: 'texts',
    kind: 'fold',
    columns: { a: key('text'), b: key('text') },
  } as const;
  const pairs = {
    name: 'pairs',
    kind: 'fold',
    columns: { a: key('bytes'), b: key('bytes') },
  } as const;
  const alternating = Uint8Array.from({ length: 32 }, (_, at) => (at % 2 === 0 ? 0 : 65));
  const clashes: readonly [Table, RowOf<Table>, RowOf<Table>][] = [
    [texts, { a: 'x', b: 'y  z' }, { a: 'x  y', b: 'z' }],
    [texts, { a: 'a b', b: 'c' }, { a: 'a', b: 'b c' }],
    [texts, { a: '1:a', b: '' }, { a: '', b: '1:a' }],
    [pairs, { a: bytes(1, 2), b: bytes(3) }, { a: bytes(1), b: bytes(2, 3) }],
    [pairs, { a: alternating, b: bytes() }, { a: new Uint8Array(16).fill(65), b: bytes() }],
  ];

  it.each(clashes)('stay two, merged or put once: %#', (table, one, other) => {
    const summed: Table = { ...table, name: 'summed', columns: { ...table.columns, value } };
    const batch = new RowBatch();
    for (const row of [one, other]) batch.put(summed, { ...row, value: 1 });
    expect([...batch.folded(summed)].map((row) => row['value'])).toEqual([1, 1]);
    expect(keyColumns(table)).toEqual(['a', 'b']);
    expect([one, other, one].map((row) => batch.putOnce(table, row))).toEqual([true, true, false]);
  });
});

it('merges amounts by their order as the folds of the projector do', () => {
  const table = {
    name: 'extremes',
    kind: 'fold',
    columns: {
      shard: { type: 'small', merge: 'key' },
      most: { type: 'amount', merge: 'greatest' },
      fewest: { type: 'total', merge: 'least' },
    },
  } as const satisfies Table;
  const rows = [3n, -(2n ** 70n), 2n ** 62n].map((each) => ({
    shard: 0,
    most: each,
    fewest: each,
  }));
  const [first, ...later] = rows;
  const merged = { ...first! };
  const { merge } = rowMerger(table, String);
  for (const row of later) merge(merged, row);
  expect(merged).toEqual({ shard: 0, most: 2n ** 62n, fewest: -(2n ** 70n) });
  expect(
    later.reduce((older, newer) => mergedRow(table, older, newer) as typeof older, first!),
  ).toEqual(merged);
});
