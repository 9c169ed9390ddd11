import type { Notarization } from '../messages.js';
import { type CoreState, emit, type RoundState } from '../state.js';
import { adoptProposal } from './considerProposal.js';

/**
 * R6. A notarized block is certified, whether or not we verified it, in whatever view we are, and
 * whether or not we gave its view up. The certification timer stays armed until the answer.
 */
export function onNotarization(
  state: CoreState,
  round: RoundState,
  notarization: Notarization,
): void {
  round.notarization = notarization;
  adoptProposal(state, round, notarization.proposal);
  requestCertification(state, round);
}

/** R6. Asks the application once a run; the answer may come at any later time. */
export function requestCertification(state: CoreState, round: RoundState): void {
  if (!state.started || round.notarization === null) return;
  if (round.certification !== 'none') return;
  round.certification = 'requested';
  emit(state, { kind: 'certify', proposal: round.notarization.proposal });
}
