import { commands } from '../../projections/explorer/table.js';
import { COMMAND_COLUMNS, commandJson, commandSchema } from './commandJson.js';
import { blockParameter, findBlock } from './findBlock.js';
import { pageOf, pathParameters, shortPageQuery } from './jsonSchema.js';
import { closePage, openPage, type PageParameters } from './page.js';
import type { Route } from './route.js';
import { select } from './select.js';

export const listBlockCommands: Route = {
  url: '/explorer/blocks/:block/commands',
  summary: 'Commands of a block in the order of their execution',
  tag: 'explorer',
  changesWith: 'visible',
  params: pathParameters({ block: blockParameter }),
  query: shortPageQuery,
  answer: pageOf(commandSchema),
  async read(context, parameters: PageParameters & { readonly block: string }) {
    const opened = openPage(context, 'blockCommands', parameters);
    if ('refusal' in opened) return opened.refusal;
    const found = await findBlock(context, parameters.block);
    if ('refusal' in found) return found.refusal;
    const { request } = opened;
    const rest = `where shard = $1 and height = $2 and execution_index > $3::bigint
      order by execution_index limit $4`;
    const { height } = found.block;
    const values = [context.shard, height, request.after.executionIndex, request.limit + 1];
    const rows = await select(context.sql, commands, COMMAND_COLUMNS, rest, values);
    return closePage({
      context,
      request,
      kind: 'blockCommands',
      rows,
      json: commandJson,
      position: (row) => ({ height, executionIndex: row.execution_index, eventIndex: 0 }),
    });
  },
};
