import { games, PLAYING } from '../../projections/sessions/table.js';
import { fromHex } from '../../schemas/kernel/bytes.js';
import type { SqlValue } from '../ports.js';
import { GAME_COLUMNS, gameJson, gameSchema } from './gameJson.js';
import {
  asOf,
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

const filters = {
  game: { type: 'string', enum: ['hiLo', 'roulette'] },
  status: { type: 'string', enum: ['playing', 'finished'], description: 'at the newest height' },
  asOf: described(asOf, 'begun up to this height; what became of them since is told as well'),
} as const satisfies Record<string, JsonSchema>;

type GameParameters = PageParameters & {
  readonly game?: string;
  readonly status?: string;
};

/** Newest first by their start, up to `asOf`; what became of them since then is shown too. */
async function readGames(
  context: ReadContext,
  parameters: GameParameters,
  account: string | undefined,
): Promise<Answer> {
  const opened = openPage(context, 'games', parameters);
  if ('refusal' in opened) return opened.refusal;
  const { request } = opened;
  const values = pageValues(context, request);
  const conditions = ['shard = $1', 'started_height <= $2', 'started_height >= $3'];
  conditions.push('(started_height, execution_index) < ($4, $5::bigint)');
  const equals = (column: string, value: SqlValue): void => {
    values.push(value);
    conditions.push(`${column} = $${values.length}`);
  };
  if (account !== undefined) equals('account', fromHex(account));
  if (parameters.game !== undefined) equals('game', parameters.game);
  // Written out, so that the planner sees that the index of games in play will do.
  if (parameters.status === 'playing') conditions.push(`outcome = '${PLAYING}'`);
  if (parameters.status === 'finished') conditions.push(`outcome <> '${PLAYING}'`);
  const rest = `where ${conditions.join(' and ')}
    order by started_height desc, execution_index desc limit $6`;
  const rows = await select(context.sql, games, GAME_COLUMNS, rest, values);
  return closePage({
    ...{ context, request, rows, kind: 'games', json: gameJson },
    position: ({ started_height, execution_index }) => ({
      height: started_height,
      executionIndex: execution_index,
      eventIndex: 0,
    }),
  });
}

function pageValues({ shard }: ReadContext, request: PageRequest): SqlValue[] {
  const { after, asOf, fromHeight, limit } = request;
  return [shard, asOf, fromHeight, after.height, after.executionIndex, limit + 1];
}

export const listGames: Route = {
  url: '/explorer/games',
  summary: 'Games in play and finished, the newest first',
  tag: 'explorer',
  changesWith: 'now',
  query: pageQuery({ ...filters, account: described(hashParameter, 'of this account only') }),
  answer: pageOf(gameSchema),
  read: (context, parameters: GameParameters & { readonly account?: string }) =>
    readGames(context, parameters, parameters.account),
};

export const listAccountGames: Route = {
  url: '/explorer/accounts/:publicKey/games',
  summary: 'Games of one account, the newest first',
  tag: 'accounts',
  changesWith: 'now',
  params: pathParameters({ publicKey: hashParameter }),
  query: pageQuery(filters),
  answer: pageOf(gameSchema),
  read: (context, parameters: GameParameters & { readonly publicKey: string }) =>
    readGames(context, parameters, parameters.publicKey),
};
