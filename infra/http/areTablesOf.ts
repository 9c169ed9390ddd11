import { blocks } from '../../projections/explorer/table.js';
import type { Sql } from '../../query/ports.js';
import { openCertified } from '../../query/routes/getBlock.js';
import { select } from '../../query/routes/select.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';

/** Whether tables hold blocks of this chain: of their first; null while they have none. */
export async function areTablesOf(
  chainId: Uint8Array,
  shard: number,
  sql: Sql,
): Promise<boolean | null> {
  const rest = 'where shard = $1 order by height limit 1';
  const [first] = await select(sql, blocks, ['certified'], rest, [shard]);
  if (first === undefined) return null;
  return equalBytes(openCertified(first.certified).certificate.result.chainId, chainId);
}
