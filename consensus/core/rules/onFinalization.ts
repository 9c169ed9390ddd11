import type { Finalization } from '../messages.js';
import { type CoreState, emit, type RoundState, roundAt } from '../state.js';
import { adoptProposal } from './considerProposal.js';
import { enterView } from './enterView.js';
import { shrinkTimeouts } from './timeouts.js';

/**
 * R11. A finalization makes its block and all ancestors final, at any later time and from any view:
 * finality needs no consecutive views. Certifications at or below it no longer matter, timeouts
 * start small again (R19), and views below the retention are forgotten.
 */
export function onFinalization(
  state: CoreState,
  round: RoundState,
  finalization: Finalization,
): void {
  const { proposal } = finalization;
  round.finalization = finalization;
  adoptProposal(state, round, proposal);
  state.lastFinalized = { view: proposal.view, payload: proposal.payload };
  state.finalization = finalization;
  state.standstillMs = state.config.timing.standstillMs;
  state.standstillDueMs = state.nowMs + state.standstillMs;
  state.nullified.removeUpTo(proposal.view);
  state.certified.removeUpTo(proposal.view);
  emit(state, { kind: 'finalized', proposal, certificate: finalization });
  enterView(state, proposal.view + 1);
  shrinkTimeouts(state, roundAt(state, state.view));
  forgetRounds(state);
}

/** R11. Cost: amortized O(1) a view; a long jump costs one pass over what is kept. */
function forgetRounds(state: CoreState): void {
  const from = state.lastFinalized.view - state.config.retentionViews;
  if (from <= state.roundsFrom) return;
  if (from - state.roundsFrom > state.rounds.size) {
    for (const view of state.rounds.keys()) if (view < from) state.rounds.delete(view);
  } else {
    for (let view = state.roundsFrom; view < from; view++) state.rounds.delete(view);
  }
  state.roundsFrom = from;
}
