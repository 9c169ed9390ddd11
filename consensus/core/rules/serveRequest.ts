import type { Certificate } from '../messages.js';
import { type CoreState, emit } from '../state.js';

/**
 * R15. Who asks about a view gets the highest finalization if that reaches the view, else whatever
 * settles it here: its nullification, its notarization, or both, since one may need the other.
 */
export function serveRequest(state: CoreState, view: number, from: number): void {
  for (const certificate of answersTo(state, view)) {
    emit(state, { kind: 'sendCertificate', to: from, certificate });
  }
}

function answersTo(state: CoreState, view: number): Certificate[] {
  if (view <= state.lastFinalized.view) {
    return state.finalization === null ? [] : [state.finalization];
  }
  const round = state.rounds.get(view);
  if (round === undefined) return [];
  return [round.nullification, round.notarization].filter((held) => held !== null);
}
