import type { Block } from '../../../../schemas/types/block.js';
import type { CommitCrime } from './crime.js';
import { replaceOwnBlocks } from './ownBlocks.js';

/** As leader I show one block to some and another, as valid, to the rest, and vote for each. */
export const equivocator: CommitCrime = (world, node) => {
  const twins = new Map<Block, Block>();
  const twinOf = (block: Block): Block => {
    const known = twins.get(block);
    if (known !== undefined) return known;
    const { header, items } = block;
    const twin = { header: { ...header, timestampMs: header.timestampMs + 1 }, items };
    twins.set(block, twin);
    return twin;
  };
  const own = replaceOwnBlocks(world, node, (to, block) =>
    (to + block.header.view) % 2 === 0 ? block : twinOf(block),
  );
  return { tamper: (to, body) => [own.replace(to, body)] };
};
