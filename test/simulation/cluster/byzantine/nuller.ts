import { proposalMessage, roundMessage } from '../../../../schemas/crypto/digests.js';
import { genesisEpoch } from '../../../../schemas/crypto/epochKeys.js';
import type { PeerMessageBody } from '../../../../schemas/types/wire.js';
import type { CommitCrime } from './crime.js';

/** I nullify every view I vote in, and finalize it as well, whatever others say. */
export const nuller: CommitCrime = ({ chain }, node) => {
  const { chainId, shard, epoch } = genesisEpoch(chain.genesis, 0);
  const signer = chain.signers[node]!;
  return {
    tamper(_to, body) {
      if (body.kind !== 'Notarize') return [body];
      const { proposal } = body;
      const round = { epoch, view: proposal.view };
      const nullify: PeerMessageBody = {
        ...{ kind: 'Nullify', round, signer: node },
        signature: signer.sign(roundMessage(chainId, shard, round)),
      };
      const finalize: PeerMessageBody = {
        ...{ kind: 'Finalize', proposal, signer: node },
        signature: signer.sign(proposalMessage('finalize', chainId, shard, proposal)),
      };
      return [body, nullify, finalize];
    },
  };
};
