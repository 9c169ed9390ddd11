import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { Certificate, Proposal, Round, Vote, VoteBody } from './messages.js';
import type { RoundState } from './state.js';

/** Equality of all four fields: the same payload on another parent is another proposal. */
export function sameProposal(a: Proposal, b: Proposal): boolean {
  return (
    a.epoch === b.epoch &&
    a.view === b.view &&
    a.parentView === b.parentView &&
    equalBytes(a.payload, b.payload)
  );
}

/** The round a vote speaks of. */
export function roundOfVote(vote: VoteBody): Round {
  return vote.kind === 'nullify' ? vote.round : vote.proposal;
}

/** The round a certificate speaks of. */
export function roundOfCertificate(certificate: Certificate): Round {
  return certificate.kind === 'nullification' ? certificate.round : certificate.proposal;
}

/** Whether two votes say the same, whoever signed. */
export function sameBody(a: VoteBody, b: VoteBody): boolean {
  if (a.kind === 'nullify' || b.kind === 'nullify') {
    if (a.kind !== 'nullify' || b.kind !== 'nullify') return false;
    return a.round.epoch === b.round.epoch && a.round.view === b.round.view;
  }
  return a.kind === b.kind && sameProposal(a.proposal, b.proposal);
}

/** The signer's first vote of this kind in the round, or null. */
export function slotOf(round: RoundState, kind: Vote['kind'], signer: number): Vote | null {
  switch (kind) {
    case 'notarize':
      return round.notarizes[signer] ?? null;
    case 'nullify':
      return round.nullifies[signer] ?? null;
    case 'finalize':
      return round.finalizes[signer] ?? null;
  }
}

export function fillSlot(round: RoundState, vote: Vote): void {
  if (vote.kind === 'notarize') round.notarizes[vote.signer] = vote;
  else if (vote.kind === 'nullify') round.nullifies[vote.signer] = vote;
  else round.finalizes[vote.signer] = vote;
}

/** A proposal that some parent and some block could have. Views count from 1. */
export function isProposalSound(proposal: Proposal): boolean {
  return (
    isRoundSound(proposal) &&
    Number.isSafeInteger(proposal.parentView) &&
    proposal.parentView >= 0 &&
    proposal.parentView < proposal.view &&
    proposal.payload.length === 32
  );
}

export function isRoundSound(round: Round): boolean {
  return Number.isSafeInteger(round.view) && round.view >= 1;
}
