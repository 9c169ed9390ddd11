import type { RowOf, Table } from '../readModel.js';

/** One row an account. `next_nonce` is of the own key's lane. */
export const accounts = {
  name: 'accounts',
  kind: 'fold',
  columns: {
    account: { type: 'bytes', merge: 'key' },
    shard: { type: 'small', merge: 'once' },
    partition: { type: 'small', merge: 'once' },
    next_nonce: { type: 'count', merge: 'greatest' },
    executed: { type: 'count', merge: 'sum' },
    refused: { type: 'count', merge: 'sum' },
    event_count: { type: 'count', merge: 'sum' },
    first_height: { type: 'count', merge: 'least' },
    first_seen_ms: { type: 'count', merge: 'least' },
    last_height: { type: 'count', merge: 'greatest' },
    last_seen_ms: { type: 'count', merge: 'greatest' },
  },
} as const satisfies Table;

/** What an account holds now. */
export const balances = {
  name: 'balances',
  kind: 'fold',
  columns: {
    account: { type: 'bytes', merge: 'key' },
    asset: { type: 'count', merge: 'key' },
    shard: { type: 'small', merge: 'once' },
    partition: { type: 'small', merge: 'once' },
    balance: { type: 'amount', merge: 'latest' },
    height: { type: 'count', merge: 'latest' },
  },
} as const satisfies Table;

/**
 * Every change of a balance, with the balance after it. By asset, so that a rare one is found among
 * many changes of others.
 */
export const accountHistory = {
  name: 'account_history',
  kind: 'append',
  columns: {
    account: { type: 'bytes', merge: 'key' },
    asset: { type: 'count', merge: 'key' },
    height: { type: 'count', merge: 'key' },
    execution_index: { type: 'small', merge: 'key' },
    event_index: { type: 'small', merge: 'key' },
    shard: { type: 'small', merge: 'once' },
    partition: { type: 'small', merge: 'once' },
    timestamp_ms: { type: 'count', merge: 'once' },
    delta: { type: 'amount', merge: 'once' },
    balance: { type: 'amount', merge: 'once' },
    reason: { type: 'text', merge: 'once' },
    command_id: { type: 'bytes', merge: 'once', nullable: true },
  },
} as const satisfies Table;

export type AccountRow = RowOf<typeof accounts>;
export type BalanceRow = RowOf<typeof balances>;
export type AccountHistoryRow = RowOf<typeof accountHistory>;
