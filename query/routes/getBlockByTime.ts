import { blocks } from '../../projections/explorer/table.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { BLOCK_COLUMNS, blockJson, blockSchema } from './blockJson.js';
import {
  described,
  height,
  minHeight,
  object,
  pathParameters,
  queryParameters,
  timestamp,
} from './jsonSchema.js';
import { type ReadContext, type Route, refused } from './route.js';
import { select } from './select.js';

export const getBlockByTime: Route = {
  url: '/explorer/block-by-time/:timestampMs',
  summary: 'The last block whose time is not after a given one',
  tag: 'explorer',
  changesWith: 'visible',
  params: pathParameters({ timestampMs: described(timestamp, 'ms since 1970') }),
  query: queryParameters({ minHeight }),
  answer: object({ block: blockSchema, visibleHeight: height }),
  async read(context, { timestampMs }: { readonly timestampMs: number }) {
    const at = await lastUpTo(context, timestampMs);
    if (at === 0) return refused(RejectCode.unknownPath, 'the chain has no block as early as that');
    const row = present(await readAt(context, at, BLOCK_COLUMNS), 'a visible block');
    const body = { block: blockJson(row), visibleHeight: context.visible.height };
    return { kind: 'found', body };
  },
};

/** Height of that block, 0 if none: halves the heights, since block time never goes back. */
async function lastUpTo(context: ReadContext, timestampMs: number): Promise<number> {
  let [low, high] = [0, context.visible.height];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = await readAt(context, middle, ['timestamp_ms']);
    assert(row !== null, 'heights have no hole');
    if (row.timestamp_ms <= timestampMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function readAt<const Column extends (typeof BLOCK_COLUMNS)[number]>(
  { sql, shard }: ReadContext,
  height: number,
  columns: readonly Column[],
) {
  const rest = 'where shard = $1 and height = $2';
  const [row] = await select(sql, blocks, columns, rest, [shard, height]);
  return row ?? null;
}
