import type { CoreState, RoundState } from '../state.js';
import { findParent } from './findParent.js';

/**
 * R17. A block follows its parent after the busy interval when there is work, after
 * `idleIntervalMs` when there is none; ages are measured from when we first saw the parent. A
 * parent from before a restart, genesis, and a parent not yet known count as old.
 */
export function quietUntilMs(state: CoreState): number {
  const { timing } = state.config;
  const parent = findParent(state, state.view);
  const seenMs = parent === null ? null : (state.rounds.get(parent.view)?.proposalSeenMs ?? null);
  if (seenMs === null) return state.nowMs;
  const idleMs = seenMs + timing.idleIntervalMs;
  if (state.workSinceMs === null) return idleMs;
  return Math.min(idleMs, Math.max(seenMs + busyIntervalMs(state), state.workSinceMs));
}

/**
 * R17. A block at every `busyIntervalMs` is more than busy machines can do; then all of their time
 * goes into blocks, and every message of a view waits behind those of its neighbours. A part of the
 * interval stays free. What views take over long links changes nothing: the maximum is below it.
 */
function busyIntervalMs(state: CoreState): number {
  const { timing } = state.config;
  const usualMs = timing.busyFactor * state.usualViewMs;
  return Math.min(Math.max(timing.busyIntervalMs, usualMs), timing.busyIntervalMaxMs);
}

/**
 * R17. When the leader's and the certification timer of the current view start: on entry, or when
 * the quiet time ends, whichever is later; but not later than the view's own proposal.
 */
export function clockStartMs(state: CoreState, round: RoundState): number {
  const enteredMs = round.enteredMs ?? state.nowMs;
  const parent = findParent(state, round.view);
  const old = parent === null || (state.rounds.get(parent.view)?.proposalSeenMs ?? null) === null;
  let startMs = old ? enteredMs : Math.max(enteredMs, quietUntilMs(state));
  if (round.proposalSeenMs !== null) {
    startMs = Math.min(startMs, Math.max(enteredMs, round.proposalSeenMs));
  }
  return Math.max(startMs, round.rearmedMs ?? 0);
}
