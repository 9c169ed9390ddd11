import { type CoreState, emit, maySign, type RoundState } from '../state.js';

/**
 * R5. notarize(v) is cast only in v, for a proposal that is verified, at most once ever, not after
 * nullify(v), not after the view is given up, and not once the leader was seen to sign two
 * proposals. After the notarization it would serve nobody.
 */
export function castNotarize(state: CoreState, round: RoundState): void {
  if (!maySign(state) || round.view !== state.view) return;
  if (round.proposal === null || round.verification !== 'valid') return;
  if (round.sentNotarize || round.sentNullify) return;
  if (round.timeoutReason !== null) return;
  if (round.equivocated || round.notarization !== null) return;
  round.sentNotarize = true;
  emit(state, { kind: 'castVote', body: { kind: 'notarize', proposal: round.proposal } });
}
