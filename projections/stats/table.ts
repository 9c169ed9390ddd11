import type { RowOf, Table } from '../readModel.js';

/** Sums per partition and hour of block time; `bucket_ms` 0 is all time. */
export const counters = {
  name: 'counters',
  kind: 'fold',
  columns: {
    shard: { type: 'small', merge: 'key' },
    partition: { type: 'small', merge: 'key' },
    metric: { type: 'text', merge: 'key' },
    bucket_ms: { type: 'count', merge: 'key' },
    value: { type: 'amount', merge: 'sum' },
  },
} as const satisfies Table;

export type CounterRow = RowOf<typeof counters>;
