import type { Proposal } from '../messages.js';
import { type CoreState, emit, maySign, type RoundState } from '../state.js';
import { sameProposal } from '../votes.js';
import { enterView } from './enterView.js';
import { measureView } from './timeouts.js';

/**
 * R7, R8. The application's verdict on a notarized block. It latches and is journaled. Yes: the
 * next view is entered and finalize cast. No: the view is given up, and nothing is ever built on
 * that block nor voted for its children, unless a finalization overrides it (R11).
 */
export function onCertified(state: CoreState, proposal: Proposal, valid: boolean): void {
  if (proposal.view <= state.lastFinalized.view) return;
  const round = state.rounds.get(proposal.view);
  if (round === undefined || round.notarization === null) return;
  if (!sameProposal(round.notarization.proposal, proposal)) return;
  if (round.certification === 'yes' || round.certification === 'no') return;
  round.certification = valid ? 'yes' : 'no';
  emit(state, { kind: 'persist', record: { kind: 'verdict', proposal, valid } });
  if (!valid) {
    round.timeoutReason ??= 'certificationFailed';
    return;
  }
  measureView(state, round);
  state.certified.add(proposal.view);
  castFinalize(state, round);
  enterView(state, proposal.view + 1);
}

/**
 * R7. finalize(v) is cast once ever, for a certified block above the last final view, never after
 * nullify(v), and not when the leader was seen to sign two proposals. A view whose nullification
 * is known cannot become final, so it gets none.
 */
export function castFinalize(state: CoreState, round: RoundState): void {
  if (!maySign(state) || round.notarization === null) return;
  if (round.certification !== 'yes' || round.view <= state.lastFinalized.view) return;
  if (round.sentNullify || round.sentFinalize) return;
  if (round.equivocated || round.nullification !== null) return;
  round.sentFinalize = true;
  const { proposal } = round.notarization;
  emit(state, { kind: 'castVote', body: { kind: 'finalize', proposal } });
}
