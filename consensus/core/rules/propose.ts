import { leaderOf } from '../leader.js';
import type { Proposal } from '../messages.js';
import { type CoreState, emit, maySign, type RoundState, roundAt } from '../state.js';
import { castNotarize } from './castNotarize.js';
import { findParent } from './findParent.js';
import { quietUntilMs } from './pacing.js';

/** R3. Whether nothing but time keeps us from asking for a block in the current view. */
export function isToPropose(state: CoreState, round: RoundState): boolean {
  const { epoch, validators, self } = state.config;
  return (
    maySign(state) &&
    leaderOf(epoch, state.view, validators) === self &&
    round.buildingOn === null &&
    round.proposal === null &&
    !round.sentNotarize &&
    !round.sentNullify &&
    round.timeoutReason === null &&
    findParent(state, state.view) !== null
  );
}

/**
 * R3. The leader of the current view asks once for a block on its parent (R2), when the pace allows
 * (R17) and the view is not given up. Without all nullifications it waits (R18 fetches them).
 */
export function propose(state: CoreState, round: RoundState): void {
  if (!isToPropose(state, round) || state.nowMs < quietUntilMs(state)) return;
  const parent = findParent(state, state.view);
  if (parent === null) return;
  round.buildingOn = parent.view;
  emit(state, {
    kind: 'propose',
    view: state.view,
    parentView: parent.view,
    parentPayload: parent.payload,
  });
}

/** R3. The block is built: our notarize vote is the proposal. Too late for the view: dropped. */
export function onProposalBuilt(state: CoreState, view: number, payload: Uint8Array): void {
  if (view !== state.view) return;
  const round = roundAt(state, view);
  if (round.buildingOn === null || round.proposal !== null) return;
  const { epoch } = state.config;
  const proposal: Proposal = { epoch, view, parentView: round.buildingOn, payload };
  round.proposal = proposal;
  round.proposalSeenMs = state.nowMs;
  round.verification = 'valid';
  castNotarize(state, round);
}

/** R3. Nothing can be built: the view is given up (R9). */
export function onProposalUnavailable(state: CoreState, view: number): void {
  if (view !== state.view) return;
  const round = roundAt(state, view);
  if (round.buildingOn === null || round.proposal !== null) return;
  round.timeoutReason ??= 'proposalUnavailable';
}
