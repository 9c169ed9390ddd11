import { resultMessage } from '../../../../schemas/crypto/digests.js';
import { sha256 } from '../../../../schemas/crypto/sha256.js';
import type { CommitCrime } from './crime.js';

/** I sign results that nobody computes, each with a good signature, and say so to some. */
export const wrongResultSigner: CommitCrime = ({ chain, prng }, node) => ({
  tamper(_to, body) {
    if (body.kind === 'ResultCertificate') return [];
    if (body.kind !== 'ResultSignatureMessage' || prng.chance(0.2)) return [body];
    const resultDigest = sha256(body.resultDigest);
    const signature = chain.signers[node]!.sign(resultMessage(resultDigest));
    return [{ ...body, resultDigest, signature }];
  },
});
