import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { PROJECTION_KNOWN_ROWS_MAX, PROJECTION_LOOSE_ROWS_MAX } from '../../schemas/limits.js';
import { type AccountRow, accounts } from '../accounts/table.js';
import { marks } from '../explorer/table.js';
import type { RowOf, Table } from '../readModel.js';
import { activeAccounts } from '../stats/table.js';
import { KnownRows, type PackedRows, RowBatch, rowWeight } from './rowBatch.js';
import type { StoredRow } from './rowMerger.js';

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

describe('rows that nothing changes', () => {
  const active = (account: number) => {
    return { shard: 0, span_ms: 1, bucket_ms: 0, account: sha256(uint32(account)) };
  };
  const batchOf = (known: KnownRows, accountNumbers: readonly number[]): RowBatch => {
    const batch = new RowBatch(known);
    for (const account of accountNumbers) batch.put(activeAccounts, active(account));
    return batch;
  };

  it('are put once a session', () => {
    const known = new KnownRows();
    const batches = [
      [1, 2, 1],
      [2, 3],
    ].map((some) => batchOf(known, some));
    const folded = batches.map((batch) => [...batch.folded(activeAccounts)]);
    expect(folded).toEqual([[active(1), active(2)], [active(3)]]);
    expect(batches.map(({ count }) => count)).toEqual([2, 1]);
    expect(batchOf(new KnownRows(), [2]).count).toBe(1);
  });

  it('say whether they are new, whichever batch had them', () => {
    const known = new KnownRows();
    const batch = new RowBatch(known);
    expect(batch.putOnce(activeAccounts, active(1))).toBe(true);
    expect(batch.putOnce(activeAccounts, active(1))).toBe(false);
    expect(new RowBatch(known).putOnce(activeAccounts, active(1))).toBe(false);
    expect(new RowBatch().putOnce(activeAccounts, active(1))).toBe(true);
    expect(() => batch.putOnce(accounts, rowOf(1, 5, 1))).toThrow(/may change/);
  });

  it('are put again once too many have been', () => {
    const known = new KnownRows();
    const all = Array.from({ length: PROJECTION_KNOWN_ROWS_MAX + 1 }, (_, account) => account);
    expect(batchOf(known, all).count).toBe(all.length);
    expect(batchOf(known, all.slice(-1)).count).toBe(0);
    expect(batchOf(known, [0]).count).toBe(1);
  });
});

describe('rows of an append table', () => {
  const rowAt = (height: number, events = 1): RowOf<typeof marks> => ({
    ...{ shard: 0, height, partition: 1, previous_height: height - 1 },
    ...{ event_count: events, path: new Uint8Array(0) },
    ...{ execution_indexes: Array(events).fill(1), event_indexes: Array(events).fill(0) },
    ...{ key_sequences: Array(events).fill(0), keys: Array(events).fill(new Uint8Array(1)) },
    ...{ kinds: Array(events).fill('A'), records: Array(events).fill(new Uint8Array(1)) },
  });
  const rows = Array.from({ length: PROJECTION_LOOSE_ROWS_MAX + 2 }, (_, at) => rowAt(at + 1));
  const pack = (): PackedRows & { readonly rows: StoredRow[] } => {
    const packed: StoredRow[] = [];
    return {
      rows: packed,
      get count() {
        return packed.length;
      },
      add: (row) => packed.push(row),
    };
  };

  it('are packed, all of them in order, once they are many', () => {
    const batch = new RowBatch(new KnownRows(), pack);
    for (const row of rows.slice(0, PROJECTION_LOOSE_ROWS_MAX)) batch.put(marks, row);
    expect(batch.appended.get(marks)).toHaveLength(PROJECTION_LOOSE_ROWS_MAX);
    expect(batch.packed.size).toBe(0);
    for (const row of rows.slice(PROJECTION_LOOSE_ROWS_MAX)) batch.put(marks, row);
    expect(batch.appended.has(marks)).toBe(false);
    expect(batch.packed.get(marks)).toMatchObject({ rows });
    expect(batch.count).toBe(rows.length);
  });

  it('are many when their lists are long, and few when those are empty', () => {
    const batch = new RowBatch(new KnownRows(), pack);
    const few = Array.from({ length: PROJECTION_LOOSE_ROWS_MAX + 1 }, (_, at) => rowAt(at + 1, 0));
    for (const row of few) batch.put(marks, row);
    expect(batch.packed.size).toBe(0);
    const long = rowAt(few.length + 1, PROJECTION_LOOSE_ROWS_MAX + 1);
    batch.put(marks, long);
    expect(batch.packed.get(marks)).toMatchObject({ rows: [...few, long] });
  });

  it('weigh one when they have no list', () => {
    const key = { type: 'count', merge: 'key' } as const;
    const records = { type: 'bytesList', merge: 'once', nullable: true } as const;
    const table: Table = { name: 'optional', kind: 'append', columns: { key, records } };
    expect(rowWeight(table, { key: 1, records: null })).toBe(1);
    expect(rowWeight(table, { key: 1, records: [new Uint8Array(1), new Uint8Array(1)] })).toBe(2);
  });

  it('stay rows for a store that does not pack', () => {
    const batch = new RowBatch();
    for (const row of rows) batch.put(marks, row);
    expect(batch.appended.get(marks)).toEqual(rows);
  });
});

describe('rows that begin', () => {
  it('are told from those that may merge with older ones, and cannot follow others', () => {
    const batch = new RowBatch();
    batch.put(accounts, rowOf(1, 5, 1));
    batch.begin(accounts, rowOf(2, 5, 1));
    batch.put(accounts, rowOf(2, 6, 1));
    const { begun, others } = batch.foldedByOrigin(accounts);
    expect(begun).toMatchObject([{ partition: 2, executed: 2, last_height: 6 }]);
    expect(others).toMatchObject([{ partition: 1, executed: 1 }]);
    expect(() => batch.begin(accounts, rowOf(1, 7, 1))).toThrow(/begins after another/);
  });
});

describe('rows that are complete', () => {
  it('are kept as those of an append table are, beside others of theirs that merge', () => {
    const batch = new RowBatch();
    const complete = [rowOf(1, 5, 1), rowOf(2, 5, 1)];
    for (const row of complete) batch.complete(accounts, row);
    batch.put(accounts, rowOf(3, 5, 1));
    expect(batch.appended.get(accounts)).toEqual(complete);
    expect([...batch.folded(accounts)]).toMatchObject([{ partition: 3 }]);
    expect(batch.count).toBe(3);
    expect(() => batch.complete(accounts, rowOf(1, 6, 1))).toThrow(/another of its key/);
    expect(() => batch.complete(accounts, rowOf(3, 6, 1))).toThrow(/another of its key/);
    expect(() => batch.put(accounts, rowOf(2, 6, 1))).toThrow(/one that is complete/);
    expect(() => batch.begin(accounts, rowOf(2, 6, 1))).toThrow(/one that is complete/);
    expect(() => batch.complete(marks, {} as RowOf<typeof marks>)).toThrow(/append table/);
  });
});
