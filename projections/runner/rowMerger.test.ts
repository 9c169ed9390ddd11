import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergedRow } from '../../test/simulation/memoryProjectionStore.js';
import { type CellValue, type Column, isListType, keyColumns, type Table } from '../readModel.js';
import { readModels } from '../readModels.js';
import { rowMerger, type StoredRow } from './rowMerger.js';

const nameOf = (bytes: Uint8Array): string => bytes.join();
const bytes = fc.uint8Array({ minLength: 2, maxLength: 2 });

function cellOf({ type }: Column): fc.Arbitrary<CellValue> {
  if (type === 'bytes') return bytes;
  if (type === 'amount' || type === 'total') return fc.bigInt({ min: -3n, max: 3n });
  if (type === 'text') return fc.constantFrom('a', 'b', 'aa');
  return isListType(type) || type === 'json' ? fc.constant([]) : fc.integer({ min: -3, max: 12 });
}

function rowOf({ columns }: Table): fc.Arbitrary<StoredRow> {
  return fc.record(
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, cellOf(column)])),
  );
}

const tables = readModels.flatMap((model) => model.tables).map((table) => [table.name, table]);

it.each(tables as [string, Table][])('%s: rows merge by the rules of the columns', (_, table) => {
  const { merge } = rowMerger(table, nameOf);
  const row = rowOf(table);
  fc.assert(
    fc.property(row, row, (older, newer) => {
      const merged = { ...older };
      merge(merged, newer);
      expect(merged).toEqual(mergedRow(table, older, newer));
    }),
  );
});

it.each(tables as [string, Table][])('%s: only equal keys have one name', (_, table) => {
  const { keyOf } = rowMerger(table, nameOf);
  const names = keyColumns(table);
  const row = rowOf(table);
  fc.assert(
    fc.property(row, row, (one, other) => {
      const isSame = names.every((name) => String(one[name]) === String(other[name]));
      expect(keyOf(one) === keyOf(other)).toBe(isSame);
      expect(keyOf({ ...other, ...one })).toBe(keyOf(one));
    }),
  );
});
