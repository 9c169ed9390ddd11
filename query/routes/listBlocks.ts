import { blocks } from '../../projections/explorer/table.js';
import { BLOCK_COLUMNS, blockJson, blockSchema } from './blockJson.js';
import { described, flag, pageOf, pageQuery } from './jsonSchema.js';
import { closePage, openPage, type PageParameters } from './page.js';
import type { Route } from './route.js';
import { select } from './select.js';

export const listBlocks: Route = {
  url: '/explorer/blocks',
  summary: 'Certified blocks, newest first',
  tag: 'explorer',
  changesWith: 'visible',
  query: pageQuery({ nonEmpty: described(flag, 'only blocks with commands') }),
  answer: pageOf(blockSchema),
  async read(context, parameters: PageParameters & { readonly nonEmpty?: boolean }) {
    const opened = openPage(context, 'blocks', parameters);
    if ('refusal' in opened) return opened.refusal;
    const { request } = opened;
    const nonEmpty = parameters.nonEmpty === true ? 'and command_count > 0' : '';
    const rows = await select(context.sql, blocks, BLOCK_COLUMNS, where(nonEmpty), [
      context.shard,
      request.asOf,
      request.after.height,
      request.fromHeight,
      request.limit + 1,
    ]);
    return closePage({
      context,
      request,
      kind: 'blocks',
      rows,
      json: blockJson,
      position: ({ height }) => ({ height, executionIndex: 0, eventIndex: 0 }),
    });
  },
};

function where(condition: string): string {
  return `where shard = $1 and height <= $2 and height < $3 and height >= $4 ${condition}
    order by height desc limit $5`;
}
