import { blockDigest, proposalMessage } from '../../../../schemas/crypto/digests.js';
import { genesisEpoch } from '../../../../schemas/crypto/epochKeys.js';
import { toHex } from '../../../../schemas/kernel/bytes.js';
import type { Block, Proposal } from '../../../../schemas/types/block.js';
import type { PeerMessageBody } from '../../../../schemas/types/wire.js';
import type { World } from '../world.js';

/** Other blocks in the place of a leader's own ones, with the votes that belong to them. */
export interface OwnBlocks {
  /** What to say to `to` in the place of `body`. */
  replace(to: number, body: PeerMessageBody): PeerMessageBody;
}

/** `swap` makes the block that `to` shall see out of the one that was built, or keeps it. */
export function replaceOwnBlocks(
  world: World,
  node: number,
  swap: (to: number, block: Block) => Block,
): OwnBlocks {
  const { chain } = world;
  const { chainId, shard } = genesisEpoch(chain.genesis, 0);
  const built = new Map<string, Block>();
  const replaceProposal = (to: number, proposal: Proposal): Proposal | null => {
    const block = built.get(toHex(proposal.payload));
    if (block === undefined) return null;
    const { header } = swap(to, block);
    return header === block.header ? null : { ...proposal, payload: blockDigest(header) };
  };
  return {
    replace(to, body) {
      if (body.kind === 'BlockMessage' && body.block.header.proposer === node) {
        built.set(toHex(blockDigest(body.block.header)), body.block);
        return { ...body, block: swap(to, body.block) };
      }
      if (body.kind !== 'Notarize' && body.kind !== 'Finalize') return body;
      const proposal = replaceProposal(to, body.proposal);
      if (proposal === null) return body;
      const kind = body.kind === 'Notarize' ? 'notarize' : 'finalize';
      const message = proposalMessage(kind, chainId, shard, proposal);
      return { ...body, proposal, signature: chain.signers[node]!.sign(message) };
    },
  };
}
