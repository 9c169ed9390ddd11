import { type AccountHistoryRow, accountHistory } from '../../projections/accounts/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import type { Column } from './csv.js';
import type { Position } from './cursor.js';
import {
  amount,
  count,
  described,
  hash,
  hashParameter,
  height,
  nullable,
  object,
  pageOf,
  pageQuery,
  pathParameters,
  text,
  timestamp,
} from './jsonSchema.js';
import {
  closePage,
  closeTable,
  formatParameter,
  openPage,
  type PageParameters,
  type PageRequest,
  tableParameters,
} from './page.js';
import type { ReadContext, Route } from './route.js';
import { select, selectFrom } from './select.js';

const COLUMNS = [
  'height',
  'execution_index',
  'event_index',
  'timestamp_ms',
  'asset',
  'delta',
  'balance',
  'reason',
  'command_id',
] as const;

type HistoryRow = Pick<AccountHistoryRow, (typeof COLUMNS)[number]>;

type HistoryParameters = PageParameters & {
  readonly publicKey: string;
  readonly asset?: number;
  readonly format?: string;
};

export const listHistory: Route = {
  url: '/explorer/accounts/:publicKey/history',
  summary: 'Every change of an account, newest first; as CSV with format=csv or Accept: text/csv',
  tag: 'accounts',
  changesWith: 'visible',
  params: pathParameters({ publicKey: hashParameter }),
  query: pageQuery({
    asset: described({ ...count, maximum: Number.MAX_SAFE_INTEGER }, 'of this asset only'),
    format: formatParameter,
  }),
  answer: pageOf(
    object({
      height,
      executionIndex: count,
      eventIndex: count,
      timestampMs: timestamp,
      asset: count,
      delta: described(amount, 'negative for a debit'),
      balance: described(amount, 'after the change'),
      reason: text,
      commandId: nullable(described(hash, "null: a game's time was over")),
    }),
    { account: hash },
  ),
  async read(context, parameters: HistoryParameters) {
    const isTable = parameters.format === 'csv';
    const given = isTable ? tableParameters(parameters) : parameters;
    const opened = openPage(context, 'history', given);
    if ('refusal' in opened) return opened.refusal;
    const { request } = opened;
    const account = fromHex(parameters.publicKey);
    const rows = await readHistory(context, account, request, parameters.asset);
    const page = { context, request, kind: 'history', rows, position, json: rowJson } as const;
    if (isTable) {
      const fileName = `${toHex(account).slice(0, 16)}-history.csv`;
      return closeTable({ ...page, fileName, columns: TABLE });
    }
    const { body } = closePage(page);
    return { kind: 'found', body: { account: toHex(account), ...body } };
  },
};

const BY_PLACE = 'order by height desc, execution_index desc, event_index desc limit $7';
const NEWEST = `height <= $2 and height >= $3
  and (height, execution_index, event_index) < ($4, $5::bigint, $6::bigint) ${BY_PLACE}`;
/** Changes of an account lie asset by asset: of each that it has a balance of, the newest. */
const OF_ALL_ASSETS = `(
  select own.* from balances cross join lateral (
    select * from account_history as of_asset
    where of_asset.account = balances.account and of_asset.asset = balances.asset and ${NEWEST}
  ) as own where balances.account = $1
) as account_history ${BY_PLACE}`;

function readHistory(
  { sql }: ReadContext,
  account: Uint8Array,
  { after, asOf, fromHeight, limit }: PageRequest,
  asset: number | undefined,
): Promise<readonly HistoryRow[]> {
  const place = [after.height, after.executionIndex, after.eventIndex];
  const values = [account, asOf, fromHeight, ...place, limit + 1];
  if (asset === undefined) return selectFrom(sql, accountHistory, COLUMNS, OF_ALL_ASSETS, values);
  const rest = `where account = $1 and asset = $8 and ${NEWEST}`;
  return select(sql, accountHistory, COLUMNS, rest, [...values, asset]);
}

function position(row: HistoryRow): Position {
  return {
    height: row.height,
    executionIndex: row.execution_index,
    eventIndex: row.event_index,
  };
}

/** Written out: with a spread in front of other fields a page of rows took 250 us, not 30. */
function rowJson(row: HistoryRow): JsonObject {
  return {
    height: row.height,
    executionIndex: row.execution_index,
    eventIndex: row.event_index,
    timestampMs: row.timestamp_ms,
    asset: row.asset,
    delta: row.delta.toString(),
    balance: row.balance.toString(),
    reason: row.reason,
    commandId: row.command_id === null ? null : toHex(row.command_id),
  };
}

const TABLE: readonly Column<HistoryRow>[] = [
  ['height', (row) => row.height],
  ['execution_index', (row) => row.execution_index],
  ['event_index', (row) => row.event_index],
  ['timestamp_ms', (row) => row.timestamp_ms],
  ['asset', (row) => row.asset],
  ['delta', (row) => row.delta],
  ['balance', (row) => row.balance],
  ['reason', (row) => row.reason],
  ['command_id', (row) => (row.command_id === null ? '' : toHex(row.command_id))],
];
