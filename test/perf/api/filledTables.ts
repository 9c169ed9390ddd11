import type pg from 'pg';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { present } from '../../../schemas/kernel/assert.js';
import { ascii } from '../../../schemas/kernel/bytes.js';

/** What the tables of a bench hold: everybody has `SMALL_ROWS` of each kind, one has many. */
export interface FilledTables {
  readonly large: Uint8Array;
  readonly small: Uint8Array;
  /** Visible. */
  readonly height: number;
}

export const SMALL_ROWS = 100;
const SMALL_ACCOUNTS = 1_000;
const ROWS_PER_HEIGHT = 100;
const BLOCK_MS = 200;
const FIRST_MS = 1_700_000_000_000;

/**
 * Each account of $1 has $2 rows over $3 heights, at places of its own: those of the first account
 * are counted from $4 on.
 */
const PLACES = `
select account, n, 1 + n * $3::bigint / $2::bigint as height,
  (($4::bigint + index) * 1000 + n % 1000)::int as place,
  ${FIRST_MS} + (n * $3::bigint / $2::bigint) * ${BLOCK_MS} as ms,
  sha256(account || int8send(n)) as id
from unnest($1::bytea[]) with ordinality as given (account, index)
cross join generate_series(0::bigint, $2::bigint - 1) as n`;

const STATEMENTS: readonly string[] = [
  `insert into account_history (account, height, execution_index, event_index, shard, partition,
     timestamp_ms, asset, delta, balance, reason, command_id)
   select account, height, place, 1, 0, 0, ms, 0, 1, n, 'STAKE', id from (${PLACES}) as places`,
  `insert into commands (id, shard, partition, height, execution_index, timestamp_ms, account,
     signer, authorization_number, nonce, kind, status, instruction)
   select id, 0, 0, height, place, ms, account, account, 0, n, 'SpinRoulette', 'executed',
     '{"bets": [{"kind": "RED", "amount": "10", "numbers": []}], "asset": 0}'
   from (${PLACES}) as places`,
  `insert into games (account, game, number, shard, partition, asset, stake, started_height,
     execution_index, started_ms, last_height, steps, outcome, worth, payout, ended_height,
     ended_ms)
   select account, 'roulette', n, 0, 0, 0, 10, height, place, ms, height, 0, 'SETTLED', 0, 0,
     height, ms
   from (${PLACES}) as places`,
  `insert into accounts (account, shard, partition, next_nonce, executed, refused, event_count,
     first_height, first_seen_ms, last_height, last_seen_ms)
   select account, 0, 0, count(*), count(*), 0, count(*), min(height), min(ms), max(height), max(ms)
   from (${PLACES}) as places group by account`,
  `insert into balances (account, asset, shard, partition, balance, height)
   select account, 0, 0, 0, count(*), max(height) from (${PLACES}) as places group by account`,
];

/**
 * Fills the empty tables of `schema` with made-up rows, the small accounts' over as many heights as
 * the large one's, and makes all of it visible.
 */
export async function fillTables(
  client: pg.ClientBase,
  schema: string,
  largeRows: number,
): Promise<FilledTables> {
  await client.query(`set search_path to "${schema}"`);
  const height = Math.max(1, Math.floor(largeRows / ROWS_PER_HEIGHT));
  const names = Array.from({ length: SMALL_ACCOUNTS + 1 }, (_, index) => `account ${index}`);
  const [large, ...small] = names.map((name) => Buffer.from(sha256(ascii(name))));
  for (const text of STATEMENTS) {
    await client.query(text, [[large], largeRows, height, 0]);
    await client.query(text, [small, SMALL_ROWS, height, 1]);
  }
  await client.query('update checkpoints set height = $1', [height]);
  await client.query('analyze');
  await client.query('checkpoint');
  return { large: present(large, 'one'), small: present(small[0], 'another'), height };
}
