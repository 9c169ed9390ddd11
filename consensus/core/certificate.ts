import type { Certificate, SignatureEntry, Vote } from './messages.js';
import type { CoreState, RoundState } from './state.js';
import { isProposalSound, isRoundSound, sameBody, sameProposal } from './votes.js';

/**
 * The certificate that `vote` completes in its round, or null while signers are missing. Counts
 * distinct signers who said the same; cost O(n).
 */
export function assemble(round: RoundState, vote: Vote, quorum: number): Certificate | null {
  const slots: readonly (Vote | null)[] =
    vote.kind === 'notarize'
      ? round.notarizes
      : vote.kind === 'nullify'
        ? round.nullifies
        : round.finalizes;
  const signatures: SignatureEntry[] = [];
  for (const slot of slots) {
    if (slot !== null && sameBody(slot, vote)) {
      signatures.push({ signer: slot.signer, signature: slot.signature });
    }
  }
  if (signatures.length < quorum) return null;
  if (vote.kind === 'nullify') return { kind: 'nullification', round: vote.round, signatures };
  const kind = vote.kind === 'notarize' ? 'notarization' : 'finalization';
  return { kind, proposal: vote.proposal, signatures };
}

/** Shape of a certificate: a sound round, and a quorum of distinct signers in ascending order. */
export function isCertificateSound(state: CoreState, certificate: Certificate): boolean {
  const sound =
    certificate.kind === 'nullification'
      ? isRoundSound(certificate.round)
      : isProposalSound(certificate.proposal);
  if (!sound || certificate.signatures.length < state.quorum) return false;
  let previous = -1;
  for (const { signer } of certificate.signatures) {
    if (!Number.isInteger(signer) || signer <= previous) return false;
    previous = signer;
  }
  return previous < state.config.validators;
}

/** The certificate of that kind already held for the round, or null. */
export function heldCertificate(round: RoundState, kind: Certificate['kind']): Certificate | null {
  if (kind === 'notarization') return round.notarization;
  return kind === 'finalization' ? round.finalization : round.nullification;
}

/**
 * A held certificate of the same view that cannot be true together with this one unless more than
 * f validators are faulty: another proposal, or finalized against nullified. Null: no such.
 */
export function contradicted(round: RoundState, certificate: Certificate): Certificate | null {
  if (certificate.kind === 'nullification') return round.finalization;
  for (const held of [round.notarization, round.finalization]) {
    if (held !== null && !sameProposal(held.proposal, certificate.proposal)) return held;
  }
  return certificate.kind === 'finalization' ? round.nullification : null;
}

/**
 * What lets a validator leave `view`, best first: the highest finalization when it reaches so far,
 * else the nullification, else the notarization.
 */
export function bestCertificate(state: CoreState, view: number): Certificate | null {
  if (view <= state.lastFinalized.view) return state.finalization;
  const round = state.rounds.get(view);
  return round?.nullification ?? round?.notarization ?? null;
}
