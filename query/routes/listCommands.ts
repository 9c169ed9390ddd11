import { type CommandRow, commands } from '../../projections/explorer/table.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { rejectName } from '../../schemas/rejectCode.js';
import type { SqlValue } from '../ports.js';
import { COMMAND_COLUMNS, commandJson, commandSchema } from './commandJson.js';
import type { Column } from './csv.js';
import type { Position } from './cursor.js';
import {
  described,
  hashParameter,
  type JsonSchema,
  pageOf,
  pageQuery,
  pathParameters,
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
import type { Answer, ReadContext, Route } from './route.js';
import { select } from './select.js';

/** Names of the instructions (schemas/avro/command/Command.avsc). */
const KINDS = [
  'AuthorizeSession',
  'RevokeSession',
  'ClaimFaucet',
  'Transfer',
  'StartHiLo',
  'GuessHiLo',
  'CashOutHiLo',
  'SpinRoulette',
] as const;

const STATUSES = ['executed', 'refused'] as const;

const filters = {
  kind: { type: 'string', enum: KINDS },
  status: { type: 'string', enum: STATUSES },
  format: formatParameter,
} as const satisfies Record<string, JsonSchema>;

type ListParameters = PageParameters & {
  readonly kind?: string;
  readonly status?: (typeof STATUSES)[number];
  readonly format?: string;
};

async function readCommands(
  context: ReadContext,
  parameters: ListParameters,
  account: string | undefined,
): Promise<Answer> {
  const isTable = parameters.format === 'csv';
  const given = isTable ? tableParameters(parameters) : parameters;
  const opened = openPage(context, 'commands', given);
  if ('refusal' in opened) return opened.refusal;
  const { request } = opened;
  const values = listValues(context, request);
  const conditions = ['shard = $1', 'height <= $2', 'height >= $3'];
  conditions.push('(height, execution_index) < ($4, $5::bigint)');
  const equals = (column: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`${column} = $${values.length}`);
  };
  equals('account', account === undefined ? undefined : fromHex(account));
  equals('kind', parameters.kind);
  // In the text, one of two: a plan for any value could not use the index of the refused ones.
  const status = STATUSES.find((each) => each === parameters.status);
  if (status !== undefined) conditions.push(`status = '${status}'`);
  const rest = `where ${conditions.join(' and ')}
    order by height desc, execution_index desc limit $6`;
  const rows = await select(context.sql, commands, COMMAND_COLUMNS, rest, values);
  const page = { context, request, kind: 'commands', rows, position, json: commandJson } as const;
  if (!isTable) return closePage(page);
  const of = account === undefined ? '' : `${account.slice(0, 16).toLowerCase()}-`;
  return closeTable({ ...page, fileName: `${of}commands.csv`, columns: TABLE });
}

type ListRow = Pick<CommandRow, (typeof COMMAND_COLUMNS)[number]>;

function position(row: ListRow): Position {
  return { height: row.height, executionIndex: row.execution_index, eventIndex: 0 };
}

const TABLE: readonly Column<ListRow>[] = [
  ['height', (row) => row.height],
  ['execution_index', (row) => row.execution_index],
  ['timestamp_ms', (row) => row.timestamp_ms],
  ['id', (row) => toHex(row.id)],
  ['account', (row) => toHex(row.account)],
  ['signer', (row) => toHex(row.signer)],
  ['authorization', (row) => row.authorization_number],
  ['nonce', (row) => row.nonce],
  ['kind', (row) => row.kind],
  ['status', (row) => row.status],
  ['code', (row) => row.code ?? ''],
  ['code_name', (row) => (row.code === null ? '' : (rejectName(row.code) ?? ''))],
];

function listValues(context: ReadContext, request: PageRequest): SqlValue[] {
  const { after, asOf, fromHeight, limit } = request;
  return [context.shard, asOf, fromHeight, after.height, after.executionIndex, limit + 1];
}

export const listCommands: Route = {
  url: '/explorer/commands',
  summary: 'Commands executed or refused in a block, newest first; as CSV with format=csv',
  tag: 'explorer',
  changesWith: 'visible',
  query: pageQuery({
    ...filters,
    account: described(hashParameter, 'of this account only'),
  }),
  answer: pageOf(commandSchema),
  read: (context, parameters: ListParameters & { readonly account?: string }) =>
    readCommands(context, parameters, parameters.account),
};

export const listAccountCommands: Route = {
  url: '/explorer/accounts/:publicKey/commands',
  summary: 'Commands of one account, newest first; as CSV with format=csv',
  tag: 'accounts',
  changesWith: 'visible',
  params: pathParameters({ publicKey: hashParameter }),
  query: pageQuery(filters),
  answer: pageOf(commandSchema),
  read: (context, parameters: ListParameters & { readonly publicKey: string }) =>
    readCommands(context, parameters, parameters.publicKey),
};
