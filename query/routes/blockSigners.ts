import { blocks } from '../../projections/explorer/table.js';
import { present } from '../../schemas/kernel/assert.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import { VALIDATOR_WINDOW_BLOCKS } from '../../schemas/limits.js';
import type { Sql } from '../ports.js';
import { openCertified } from './getBlock.js';
import { select } from './select.js';

/** Indexes of validators in the set of the block's epoch. */
export interface BlockSigners {
  readonly proposer: number;
  /** Nobody where a descendant finalized the block. */
  readonly finalizers: readonly number[];
  readonly certifiers: readonly number[];
}

type Signatures = readonly { readonly signer: number }[];

/** Signers by their block's digest. Of the last windows that were asked for. */
const known = new Map<string, BlockSigners>();
const KNOWN_MAX = 8 * VALIDATOR_WINDOW_BLOCKS;

/**
 * Who signed the last blocks of an epoch, up to a height. A block is read whole for that, and may
 * have megabytes: it is read once, as long as it is among the last.
 */
export async function readSigners(
  sql: Sql,
  shard: number,
  { epoch, upTo }: { readonly epoch: number; readonly upTo: number },
): Promise<readonly BlockSigners[]> {
  const rest = 'where shard = $1 and height <= $2 and epoch = $4 order by height desc limit $3';
  const values = [shard, upTo, VALIDATOR_WINDOW_BLOCKS, epoch];
  const rows = await select(sql, blocks, ['height', 'digest'], rest, values);
  const named = rows.map(({ height, digest }) => ({ height, name: byteKey(digest) }));
  const found = new Map(named.map(({ name }) => [name, known.get(name)]));
  const missing = named.filter(({ name }) => found.get(name) === undefined);
  if (missing.length > 0) {
    const heights = missing.map(({ height }) => height);
    for (const [name, signers] of await openSigners(sql, shard, heights)) {
      found.set(name, signers);
      keep(name, signers);
    }
  }
  return named.map(({ name }) => present(found.get(name), 'signers of a block that is there'));
}

async function openSigners(
  sql: Sql,
  shard: number,
  heights: readonly number[],
): Promise<readonly (readonly [name: string, signers: BlockSigners])[]> {
  const columns = ['digest', 'proposer', 'certified'] as const;
  const rest = 'where shard = $1 and height = any($2)';
  const rows = await select(sql, blocks, columns, rest, [shard, heights]);
  const signersOf = (signatures: Signatures): number[] => signatures.map(({ signer }) => signer);
  return rows.map(({ digest, proposer, certified }) => {
    const { finality, certificate } = openCertified(certified);
    const isOwn = finality.path.length === 0;
    const finalizers = isOwn ? signersOf(finality.finalization.signatures) : [];
    return [
      byteKey(digest),
      { proposer, finalizers, certifiers: signersOf(certificate.signatures) },
    ];
  });
}

/** The oldest goes first. */
function keep(name: string, signers: BlockSigners): void {
  known.set(name, signers);
  for (const oldest of known.keys()) {
    if (known.size <= KNOWN_MAX) break;
    known.delete(oldest);
  }
}
