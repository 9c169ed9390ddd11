import type { RowOf, Table } from '../readModel.js';

/** What `outcome` says of a game in play; an index knows it (table.sql). */
export const PLAYING = 'PLAYING';

/** One row a game. Columns merged by `once` are right in the row of its first event. */
export const games = {
  name: 'games',
  kind: 'fold',
  columns: {
    account: { type: 'bytes', merge: 'key' },
    game: { type: 'text', merge: 'key' },
    number: { type: 'count', merge: 'key' },
    shard: { type: 'small', merge: 'once' },
    partition: { type: 'small', merge: 'once' },
    asset: { type: 'count', merge: 'once' },
    stake: { type: 'amount', merge: 'once' },
    started_height: { type: 'count', merge: 'once' },
    execution_index: { type: 'small', merge: 'once' },
    started_ms: { type: 'count', merge: 'once' },
    last_height: { type: 'count', merge: 'latest' },
    steps: { type: 'count', merge: 'sum' },
    outcome: { type: 'text', merge: 'latest' },
    worth: { type: 'amount', merge: 'latest' },
    payout: { type: 'amount', merge: 'latest' },
    ended_height: { type: 'count', merge: 'latest' },
    ended_ms: { type: 'count', merge: 'latest' },
  },
} as const satisfies Table;

export type GameRow = RowOf<typeof games>;
