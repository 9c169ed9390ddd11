import { proposalMessage, roundMessage } from '../../schemas/crypto/digests.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { verifyQuorum } from '../../schemas/crypto/quorum.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import type { Certificate, Vote, VoteBody } from '../core/messages.js';

/** The bytes under a vote, by its kind; those under a certificate are its votes'. */
export function voteMessage(body: VoteBody, keys: EpochKeys): Uint8Array {
  return body.kind === 'nullify'
    ? roundMessage(keys.chainId, keys.shard, body.round)
    : proposalMessage(body.kind, keys.chainId, keys.shard, body.proposal);
}

/** Whether the signer it names signed it. Total. Costs one signature check. */
export function verifyVote(vote: Vote, keys: EpochKeys, verifier: SignatureVerifier): boolean {
  const publicKey = keys.validators[vote.signer];
  if (publicKey === undefined) return false;
  return verifier.verify(publicKey, voteMessage(vote, keys), vote.signature);
}

function certifiedBody(certificate: Certificate): VoteBody {
  switch (certificate.kind) {
    case 'notarization':
      return { kind: 'notarize', proposal: certificate.proposal };
    case 'nullification':
      return { kind: 'nullify', round: certificate.round };
    case 'finalization':
      return { kind: 'finalize', proposal: certificate.proposal };
  }
}

/** Whether a quorum of distinct validators signed it. Total. Costs up to n checks. */
export function verifyCertificate(
  certificate: Certificate,
  keys: EpochKeys,
  verifier: SignatureVerifier,
): boolean {
  const message = voteMessage(certifiedBody(certificate), keys);
  const { signatures } = certificate;
  return verifyQuorum({ message, signatures, validators: keys.validators, verifier });
}
