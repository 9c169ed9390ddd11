import { equalBytes } from '../../../schemas/kernel/bytes.js';
import { leaderOf } from '../leader.js';
import type { Proposal } from '../messages.js';
import { type CoreState, emit, type RoundState, roundAt } from '../state.js';
import { sameProposal } from '../votes.js';
import { castNotarize } from './castNotarize.js';
import { payloadOf } from './findParent.js';

/**
 * R4. The leader's first notarize is the proposal of its view; a second, different one is a lie.
 */
export function noteProposal(state: CoreState, round: RoundState, proposal: Proposal): void {
  if (round.proposal === null) {
    round.proposal = proposal;
    round.proposalSeenMs = state.started ? state.nowMs : null;
    return;
  }
  if (!sameProposal(round.proposal, proposal)) round.equivocated = true;
}

/**
 * R4. In the current view the leader's proposal must extend the last final view, over a gap that is
 * nullified throughout, from a parent that is final or certified. What can never hold gives the
 * view up; what is not known yet waits (R18 fetches it from that leader). Then the application
 * verifies the block.
 */
export function considerProposal(state: CoreState, round: RoundState): void {
  const { proposal } = round;
  const { epoch, validators, self } = state.config;
  const leader = leaderOf(epoch, round.view, validators);
  if (proposal === null || leader === self || !state.config.voting) return;
  if (round.verification !== 'none' || round.timeoutReason !== null) return;
  if (round.notarization !== null || round.equivocated || round.sentNullify) return;
  if (isImpossible(state, proposal)) {
    round.timeoutReason = 'proposalMalformed';
    return;
  }
  if (!isGapNullified(state, proposal) || !isParentReady(state, proposal)) return;
  round.verification = 'requested';
  const parentPayload = payloadOf(state, proposal.parentView);
  emit(state, { kind: 'verify', proposal, parentPayload, from: leader });
}

/** R4. The application's answer; about a proposal replaced meanwhile it means nothing. */
export function onVerified(state: CoreState, proposal: Proposal, valid: boolean): void {
  if (proposal.view !== state.view) return;
  const round = roundAt(state, proposal.view);
  if (round.verification !== 'requested') return;
  if (round.proposal === null || !sameProposal(round.proposal, proposal)) return;
  round.verification = valid ? 'valid' : 'invalid';
  if (valid) castNotarize(state, round);
  else round.timeoutReason ??= 'proposalInvalid';
}

/** R4. Below the last final view, or on a block that certification found invalid. */
function isImpossible(state: CoreState, proposal: Proposal): boolean {
  if (proposal.parentView < state.lastFinalized.view) return true;
  if (proposal.parentView === state.lastFinalized.view) return false;
  return state.rounds.get(proposal.parentView)?.certification === 'no';
}

function isGapNullified(state: CoreState, proposal: Proposal): boolean {
  return state.nullified.highestGapUpTo(proposal.view - 1) <= proposal.parentView;
}

function isParentReady(state: CoreState, proposal: Proposal): boolean {
  const { parentView } = proposal;
  return parentView === state.lastFinalized.view || state.certified.has(parentView);
}

/** R6. A certificate's proposal replaces ours when they differ: the leader signed two. */
export function adoptProposal(state: CoreState, round: RoundState, proposal: Proposal): void {
  const known = round.proposal;
  noteProposal(state, round, proposal);
  if (known === null || sameProposal(known, proposal)) return;
  if (!equalBytes(known.payload, proposal.payload)) round.verification = 'none';
  round.proposal = proposal;
}
