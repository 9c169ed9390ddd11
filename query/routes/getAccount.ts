import { accounts } from '../../projections/accounts/table.js';
import { commands } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import {
  amount,
  asOf,
  count,
  described,
  flag,
  hash,
  hashParameter,
  height,
  list,
  minHeight,
  nullable,
  object,
  pathParameters,
  queryParameters,
  text,
  timestamp,
} from './jsonSchema.js';
import { pinnedHeight, type ReadContext, type Route } from './route.js';
import { safeCount, select } from './select.js';

const ACCOUNT_COLUMNS = [
  'partition',
  'next_nonce',
  'executed',
  'refused',
  'event_count',
  'first_height',
  'first_seen_ms',
  'last_height',
  'last_seen_ms',
] as const;

export const getAccount: Route = {
  url: '/account/:publicKey',
  summary: 'What an account holds and which nonce its own key uses next',
  tag: 'accounts',
  changesWith: 'now',
  params: pathParameters({ publicKey: hashParameter }),
  query: queryParameters({ minHeight, asOf }),
  answer: object({
    account: hash,
    exists: described(flag, 'false: no event yet, as of this height'),
    balances: list(object({ asset: count, symbol: nullable(text), amount })),
    nextNonce: described(count, 'of its own key (authorization 0)'),
    activity: described(
      nullable(
        object({
          eventsPartition: count,
          executed: count,
          refused: count,
          events: count,
          firstHeight: height,
          firstSeenMs: timestamp,
          lastHeight: height,
          lastSeenMs: timestamp,
        }),
      ),
      'counters up to lastHeight, which may be newer than asOf',
    ),
    asOf: height,
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly publicKey: string; readonly asOf?: number }) {
    const key = fromHex(parameters.publicKey);
    const at = pinnedHeight(context, parameters.asOf);
    const [row] = await select(context.sql, accounts, ACCOUNT_COLUMNS, 'where account = $1', [key]);
    const exists = row !== undefined && row.first_height <= at;
    const body = {
      account: toHex(key),
      exists,
      balances: exists ? await readBalances(context, key, at) : [],
      nextNonce: exists ? await readNextNonce(context, key, at, row) : 0,
      activity: exists ? activityJson(row) : null,
      asOf: at,
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body };
  },
};

function activityJson(row: {
  readonly partition: number;
  readonly executed: number;
  readonly refused: number;
  readonly event_count: number;
  readonly first_height: number;
  readonly first_seen_ms: number;
  readonly last_height: number;
  readonly last_seen_ms: number;
}): JsonObject {
  return {
    eventsPartition: row.partition,
    executed: row.executed,
    refused: row.refused,
    events: row.event_count,
    firstHeight: row.first_height,
    firstSeenMs: row.first_seen_ms,
    lastHeight: row.last_height,
    lastSeenMs: row.last_seen_ms,
  };
}

/** A balance whose row is newer than the height asked for is read from the history. */
const BALANCES = `
select b.asset, case when b.height <= $2 then b.balance else (
  select h.balance from account_history h
  where h.account = b.account and h.asset = b.asset and h.height <= $2
  order by h.height desc, h.execution_index desc, h.event_index desc limit 1
) end as balance
from balances b where b.account = $1 order by b.asset`;

async function readBalances(
  { sql, genesis }: ReadContext,
  key: Uint8Array,
  at: number,
): Promise<JsonObject[]> {
  const rows = await sql.rows(BALANCES, [key, at]);
  const symbols = new Map(genesis.assets.map(({ asset, symbol }) => [asset, symbol]));
  return rows
    .filter(({ balance }) => balance !== null)
    .map(({ asset, balance }) => ({
      asset: safeCount(asset),
      symbol: symbols.get(safeCount(asset)) ?? null,
      amount: String(balance),
    }));
}

/** Far more than a few heights above hold; a player who delegates may have millions. */
const LATER_COMMANDS_MAX = 1_000;
const LATER = `
select signer = account and authorization_number = 0 as own, nonce from commands
where account = $1 and height > $2 order by height, execution_index limit ${LATER_COMMANDS_MAX}`;

/** By the first command of the key itself behind `at`, or by the last one up to there. */
async function readNextNonce(
  { sql }: ReadContext,
  key: Uint8Array,
  at: number,
  row: { readonly last_height: number; readonly next_nonce: number },
): Promise<number> {
  if (row.last_height <= at) return row.next_nonce;
  const later = await sql.rows(LATER, [key, at]);
  const next = later.find(({ own }) => own === true);
  if (next !== undefined) return safeCount(next.nonce);
  if (later.length < LATER_COMMANDS_MAX) return row.next_nonce;
  const rest = `where account = $1 and signer = $1 and authorization_number = 0 and height <= $2
    order by height desc, execution_index desc limit 1`;
  const [last] = await select(sql, commands, ['nonce'], rest, [key, at]);
  return last === undefined ? 0 : last.nonce + 1;
}
