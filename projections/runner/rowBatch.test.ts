import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { type AccountRow, accounts } from '../accounts/table.js';
import { RowBatch, type StoredRow } from './rowBatch.js';

const rowOf = (account: number, height: number, executed: number): AccountRow => ({
  account: sha256(uint32(account)),
  shard: 0,
  partition: account,
  next_nonce: executed,
  executed,
  refused: 0,
  event_count: 1,
  first_height: height,
  first_seen_ms: height * 100,
  last_height: height,
  last_seen_ms: height * 100,
});

function foldedOf(rows: readonly AccountRow[]): StoredRow[] {
  const batch = new RowBatch();
  for (const row of rows) batch.put(accounts, row);
  return [...batch.folded(accounts)];
}

describe('rows of one key become one', () => {
  it('by the rule of each column', () => {
    const [row, ...others] = foldedOf([rowOf(1, 5, 2), rowOf(1, 9, 1)]);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      ...{ executed: 3, event_count: 2, next_nonce: 2 },
      ...{ first_height: 5, first_seen_ms: 500, last_height: 9, last_seen_ms: 900 },
    });
  });

  it('the same wherever the rows are cut into batches', () => {
    const rows = fc.array(
      fc.tuple(fc.nat(4), fc.nat(100), fc.nat(3)).map((parts) => rowOf(...parts)),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(rows, fc.nat(30), (all, cut) => {
        const parts = [...foldedOf(all.slice(0, cut)), ...foldedOf(all.slice(cut))];
        expect(foldedOf(parts as unknown as AccountRow[])).toEqual(foldedOf(all));
      }),
    );
  });
});
