import { accounts } from '../../projections/accounts/table.js';
import { blocks, commands } from '../../projections/explorer/table.js';
import type { JsonObject } from '../../projections/readModel.js';
import { parseHex, toHex } from '../../schemas/kernel/bytes.js';
import { SEARCH_MATCHES_MAX } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import type { SqlValue } from '../ports.js';
import { described, height, list, nullable, object, queryParameters, text } from './jsonSchema.js';
import { type ReadContext, type Route, refused } from './route.js';
import { select } from './select.js';

const HASH_DIGITS = 64;
/** Fewer hex digits would match too much to be of use. */
const PREFIX_DIGITS_MIN = 6;
const HEIGHT_DIGITS_MAX = 15;

export const search: Route = {
  url: '/explorer/search',
  summary: 'Blocks by height or digest, commands by id, accounts by key; hex may be a beginning',
  tag: 'explorer',
  changesWith: 'visible',
  query: {
    ...queryParameters({
      q: described(
        { type: 'string', minLength: 1, maxLength: 80 },
        `a height, or ${PREFIX_DIGITS_MIN} to ${HASH_DIGITS} hex digits`,
      ),
    }),
    required: ['q'],
  },
  answer: object({
    query: text,
    matches: list(
      object({
        kind: { type: 'string', enum: ['block', 'command', 'account'] },
        id: described(text, 'height of a block; id or key in hex'),
        path: described(text, 'where the API answers it'),
      }),
    ),
    redirect: described(nullable(text), 'path of the only exact match'),
    visibleHeight: height,
  }),
  async read(context, parameters: { readonly q: string }) {
    const given = parameters.q.trim().toLowerCase();
    const q = given.replace(/^0x/, '');
    const isHeight = q === given && /^[0-9]+$/.test(q) && q.length <= HEIGHT_DIGITS_MAX;
    const isHex = /^[0-9a-f]+$/.test(q) && q.length <= HASH_DIGITS && q.length >= PREFIX_DIGITS_MIN;
    if (!isHeight && !isHex) {
      const form = `${PREFIX_DIGITS_MIN} to ${HASH_DIGITS} hex digits`;
      return refused(RejectCode.badParameter, `q: expected a height or ${form}`);
    }
    const exact = isHeight ? await matchHeight(context, Number(q)) : [];
    const others = isHex ? await matchHex(context, q) : [];
    const matches = [...exact, ...others];
    const whole = q.length === HASH_DIGITS ? others : exact;
    const body = {
      query: q,
      matches,
      redirect: whole.length === 1 ? (whole[0]?.path ?? null) : null,
      visibleHeight: context.visible.height,
    };
    return { kind: 'found', body };
  },
};

async function matchHeight(context: ReadContext, number: number): Promise<JsonObject[]> {
  const { sql, shard, visible } = context;
  if (number > visible.height) return [];
  const rest = 'where shard = $1 and height = $2';
  const rows = await select(sql, blocks, ['height'], rest, [shard, number]);
  return rows.map((row) => blockMatch(row.height));
}

function blockMatch(number: number): JsonObject {
  return { kind: 'block', id: String(number), path: `/explorer/blocks/${number}` };
}

/** Everything whose 32 bytes begin with the digits, a few of each kind. */
async function matchHex(context: ReadContext, digits: string): Promise<JsonObject[]> {
  const { sql, visible } = context;
  const least = parseHex(digits.padEnd(HASH_DIGITS, '0'));
  const greatest = parseHex(digits.padEnd(HASH_DIGITS, 'f'));
  const values: SqlValue[] = [least, greatest, visible.height, SEARCH_MATCHES_MAX];
  const between = (column: string, heightColumn: string): string =>
    `where ${column} between $1 and $2 and ${heightColumn} <= $3 order by ${column} limit $4`;
  const [foundBlocks, foundCommands, foundAccounts] = await Promise.all([
    select(sql, blocks, ['height'], between('digest', 'height'), values),
    select(sql, commands, ['id'], between('id', 'height'), values),
    select(sql, accounts, ['account'], between('account', 'first_height'), values),
  ]);
  return [
    ...foundBlocks.map((row) => blockMatch(row.height)),
    ...foundCommands.map(({ id }) => hexMatch('command', '/explorer/commands/', id)),
    ...foundAccounts.map(({ account }) => hexMatch('account', '/account/', account)),
  ];
}

function hexMatch(kind: string, path: string, bytes: Uint8Array): JsonObject {
  return { kind, id: toHex(bytes), path: path + toHex(bytes) };
}
