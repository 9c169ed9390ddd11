import { commands } from '../../projections/explorer/table.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import type { SqlValue } from '../ports.js';
import { COMMAND_COLUMNS, commandJson, commandSchema } from './commandJson.js';
import {
  described,
  hashParameter,
  type JsonSchema,
  pageOf,
  pageQuery,
  pathParameters,
} from './jsonSchema.js';
import { closePage, openPage, type PageParameters, type PageRequest } from './page.js';
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

const filters = {
  kind: { type: 'string', enum: KINDS },
  status: { type: 'string', enum: ['executed', 'refused'] },
} as const satisfies Record<string, JsonSchema>;

type ListParameters = PageParameters & {
  readonly kind?: string;
  readonly status?: string;
};

async function readCommands(
  context: ReadContext,
  parameters: ListParameters,
  account: string | undefined,
): Promise<Answer> {
  const opened = openPage(context, 'commands', parameters);
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
  equals('status', parameters.status);
  const rest = `where ${conditions.join(' and ')}
    order by height desc, execution_index desc limit $6`;
  const rows = await select(context.sql, commands, COMMAND_COLUMNS, rest, values);
  return closePage({
    context,
    request,
    kind: 'commands',
    rows,
    json: commandJson,
    position: (row) => ({
      height: row.height,
      executionIndex: row.execution_index,
      eventIndex: 0,
    }),
  });
}

function listValues(context: ReadContext, request: PageRequest): SqlValue[] {
  const { after, asOf, fromHeight, limit } = request;
  return [context.shard, asOf, fromHeight, after.height, after.executionIndex, limit + 1];
}

export const listCommands: Route = {
  url: '/explorer/commands',
  summary: 'Commands that were executed or refused in a block, newest first',
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
  summary: 'Commands of one account, newest first',
  tag: 'accounts',
  changesWith: 'visible',
  params: pathParameters({ publicKey: hashParameter }),
  query: pageQuery(filters),
  answer: pageOf(commandSchema),
  read: (context, parameters: ListParameters & { readonly publicKey: string }) =>
    readCommands(context, parameters, parameters.publicKey),
};
