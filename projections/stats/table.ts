import type { RowOf, Table } from '../readModel.js';

/** Spans of block time that buckets have; ALL_TIME has one bucket, at 0. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const ALL_TIME = 0;

const key = { type: 'count', merge: 'key' } as const;
const place = { type: 'small', merge: 'key' } as const;
/** Stays a safe integer: 2^53 bytes of blocks, or events at a million a second for 285 years. */
const count = { type: 'count', merge: 'sum' } as const;
const total = { type: 'total', merge: 'sum' } as const;

/** Counts per source and bucket. */
export const counters = {
  name: 'counters',
  kind: 'fold',
  columns: {
    shard: place,
    partition: place,
    span_ms: key,
    bucket_ms: key,
    events: count,
    executed: count,
    refused: count,
    accounts: count,
    bets: count,
    blocks: count,
    commands: count,
    size_bytes: count,
  },
} as const satisfies Table;

/** Amounts per events partition, bucket and asset. */
export const volumes = {
  name: 'volumes',
  kind: 'fold',
  columns: {
    shard: place,
    partition: place,
    span_ms: key,
    bucket_ms: key,
    asset: key,
    staked: total,
    paid: total,
    transferred: total,
    claimed: total,
  },
} as const satisfies Table;

/** Who did something in an hour, and in a day. */
export const activeAccounts = {
  name: 'active_accounts',
  kind: 'fold',
  columns: {
    shard: place,
    span_ms: key,
    bucket_ms: key,
    account: { type: 'bytes', merge: 'key' },
  },
} as const satisfies Table;

export type CounterRow = RowOf<typeof counters>;
export type VolumeRow = RowOf<typeof volumes>;
