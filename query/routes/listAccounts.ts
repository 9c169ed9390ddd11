import { balances } from '../../projections/accounts/table.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { PAGE_ROWS_DEFAULT } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { decodeRank, encodeRank, type Rank } from './cursor.js';
import {
  amount,
  count,
  described,
  hash,
  height,
  heightOfSums,
  list,
  minHeight,
  nullable,
  object,
  paging,
  queryParameters,
  text,
} from './jsonSchema.js';
import { type ReadContext, type Route, refused } from './route.js';
import { safeCount, select } from './select.js';

type AccountsParameters = {
  readonly asset?: number;
  readonly cursor?: string;
  readonly limit?: number;
};

export const listAccounts: Route = {
  url: '/explorer/accounts',
  summary: 'Accounts by what they hold of an asset, the largest first',
  tag: 'accounts',
  changesWith: 'now',
  query: queryParameters({
    ...paging,
    minHeight,
    asset: described({ ...count, maximum: 0x7fff_ffff }, 'default: the first of genesis'),
  }),
  answer: object({
    asset: count,
    symbol: nullable(text),
    issued: described(nullable(amount), 'the whole supply, of which a share is to be taken'),
    accounts: described(count, 'created until now'),
    items: list(
      object({
        account: hash,
        balance: amount,
        lastChangedHeight: described(height, 'may be above visibleHeight by a few'),
      }),
    ),
    nextCursor: described(nullable(text), 'of a ranking that moves: an account may be met twice'),
    visibleHeight: heightOfSums,
  }),
  async read(context, parameters: AccountsParameters) {
    const { genesis, visible } = context;
    const { limit = PAGE_ROWS_DEFAULT, cursor } = parameters;
    const asset = parameters.asset ?? genesis.assets[0]?.asset ?? 0;
    const known = genesis.assets.find((each) => each.asset === asset);
    const after = cursor === undefined ? FIRST : decodeRank(cursor);
    if (after === null) {
      return refused(RejectCode.badCursor, 'this is no cursor of this list');
    }
    const rows = await readRanks(context, asset, after, limit + 1);
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    const body = {
      asset,
      symbol: known?.symbol ?? null,
      issued: known?.issued.toString() ?? null,
      accounts: await countAccounts(context),
      items: shown.map((row) => ({
        account: toHex(row.account),
        balance: row.balance.toString(),
        lastChangedHeight: row.height,
      })),
      nextCursor: last === undefined ? null : encodeRank(last),
      visibleHeight: visible.height,
    };
    return { kind: 'found', body };
  },
};

/** Above every account: no balance is larger, and no key of 32 bytes. */
const FIRST: Rank = { balance: 2n ** 63n - 1n, account: new Uint8Array(33).fill(255) };

function readRanks({ sql, shard }: ReadContext, asset: number, after: Rank, limit: number) {
  const rest = `where shard = $1 and asset = $2 and balance > 0 and (balance, account) < ($3, $4)
    order by balance desc, account desc limit $5`;
  const values = [shard, asset, after.balance, after.account, limit];
  return select(sql, balances, ['account', 'balance', 'height'], rest, values);
}

async function countAccounts({ sql, shard }: ReadContext): Promise<number> {
  const [row] = await sql.rows(
    `select coalesce(sum(accounts), 0)::bigint as accounts from counters
     where shard = $1 and span_ms = 0`,
    [shard],
  );
  return safeCount(row?.accounts ?? 0);
}
