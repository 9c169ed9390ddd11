import type { SignatureEntry } from '../../schemas/types/block.js';
import type { CommittedBlock, ReadModel, Rows } from '../readModel.js';
import { epochs, validators } from './table.js';

/** Signers of a height are those of its own finalization: one of a descendant finalized that. */
function foldBlock({ shard, certified }: CommittedBlock, rows: Rows): void {
  const { block, finality, certificate } = certified;
  const { epoch, height, view, proposer } = block.header;
  rows.put(epochs, {
    ...{ shard, epoch, blocks: 1 },
    ...{ first_height: height, last_height: height, last_view: view },
  });
  const own = finality.path.length === 0 ? finality.finalization.signatures : [];
  const didSign = (signatures: readonly SignatureEntry[], validator: number): number =>
    signatures.some(({ signer }) => signer === validator) ? 1 : 0;
  const named = [...own, ...certificate.signatures].map(({ signer }) => signer);
  for (const validator of new Set([proposer, ...named])) {
    const finalized = didSign(own, validator);
    const signed = didSign(certificate.signatures, validator);
    rows.put(validators, {
      ...{ shard, epoch, validator, finalized, certified: signed },
      proposed: validator === proposer ? 1 : 0,
      last_proposed_height: validator === proposer ? height : 0,
      last_signed_height: finalized + signed > 0 ? height : 0,
    });
  }
}

/** Who proposed and who signed, counted over all blocks of an epoch. */
export const validatorsModel: ReadModel = {
  name: 'validators',
  tables: [epochs, validators],
  foldBlock,
};
