import { blocks } from '../../projections/explorer/table.js';
import { parseHex } from '../../schemas/kernel/bytes.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { BLOCK_COLUMNS } from './blockJson.js';
import { described, type JsonSchema } from './jsonSchema.js';
import { type Answer, type ReadContext, refused } from './route.js';
import { select } from './select.js';

/** A path parameter that names a block by height or by digest. */
export const blockParameter: JsonSchema = described(
  { type: 'string', pattern: '^([0-9]{1,15}|[0-9a-fA-F]{64})$' },
  'height, or digest in hex',
);

type FoundBlock = Awaited<ReturnType<typeof readBlock>>;

function readBlock(context: ReadContext, name: string) {
  const { sql, shard, visible } = context;
  const digest = name.length === 64 ? parseHex(name) : null;
  const column = digest === null ? 'height' : 'digest';
  const rest = `where shard = $1 and ${column} = $2 and height <= $3`;
  const values = [shard, digest ?? Number(name), visible.height];
  return select(sql, blocks, BLOCK_COLUMNS, rest, values).then((rows) => rows[0] ?? null);
}

/** The block of that height or digest, or the refusal that says how far there are blocks. */
export async function findBlock(
  context: ReadContext,
  name: string,
): Promise<{ readonly block: NonNullable<FoundBlock> } | { readonly refusal: Answer }> {
  const block = await readBlock(context, name);
  if (block !== null) return { block };
  const { height } = context.visible;
  const ahead = name.length < 64 && Number(name) > height;
  const detail = ahead ? `height ${name} is not visible yet` : `no block ${name}`;
  return { refusal: refused(RejectCode.unknownPath, `${detail}; visible height is ${height}`) };
}
