import { CONSENSUS_FETCH_VIEWS_MAX } from '../../../schemas/limits.js';
import { leaderOf } from '../leader.js';
import { type CoreState, emit, type RoundState } from '../state.js';
import { highestParentView, missingBelow } from './findParent.js';

/**
 * R18. Whatever keeps us from finding a parent (R2) or judging the proposal (R4) is asked for:
 * first of the view's leader, who must have had it, then every tF of all. At most
 * CONSENSUS_FETCH_VIEWS_MAX views at a time, the highest first.
 */
export function fetchMissing(state: CoreState, round: RoundState): void {
  const missing = missingViews(state, round);
  if (state.fetches.size > 0) {
    const wanted = new Set(missing);
    for (const view of state.fetches.keys()) if (!wanted.has(view)) state.fetches.delete(view);
  }
  const { epoch, validators, self, timing } = state.config;
  if (validators === 1) return;
  const leader = leaderOf(epoch, state.view, validators);
  for (const view of missing) {
    const open = state.fetches.get(view);
    if (open !== undefined && state.nowMs < open.dueMs) continue;
    const to = open === undefined && leader !== self ? leader : null;
    state.fetches.set(view, { dueMs: state.nowMs + timing.fetchTimeoutMs });
    emit(state, { kind: 'requestCertificate', view, to });
  }
}

function missingViews(state: CoreState, round: RoundState): number[] {
  const { proposal, view } = round;
  if (proposal === null || round.notarization !== null) {
    const parentView = highestParentView(state, view);
    return missingBelow(state, view, parentView, CONSENSUS_FETCH_VIEWS_MAX);
  }
  const { parentView } = proposal;
  const parent = state.rounds.get(parentView)?.notarization ?? null;
  const needsParent = parentView > state.lastFinalized.view && parent === null;
  const max = CONSENSUS_FETCH_VIEWS_MAX - (needsParent ? 1 : 0);
  const missing = missingBelow(state, view, Math.max(parentView, state.lastFinalized.view), max);
  return needsParent ? [parentView, ...missing] : missing;
}
