import { leaderOf } from '../leader.js';
import { type CoreState, emit, roundAt } from '../state.js';
import { isLeaderSilent } from './skipLeader.js';
import { setTimeouts } from './timeouts.js';

/**
 * R1. A view is entered only upwards. Its leader follows from the round alone, its timeouts are
 * fixed (R19), and a leader known to be silent is skipped at once (R16).
 */
export function enterView(state: CoreState, view: number): void {
  if (view <= state.view) return;
  state.view = view;
  if (state.started) beginView(state);
}

/** R1. Starts the clock of the current view. */
export function beginView(state: CoreState): void {
  const { epoch, validators } = state.config;
  const round = roundAt(state, state.view);
  const leader = leaderOf(epoch, state.view, validators);
  round.enteredMs = state.nowMs;
  setTimeouts(state, round);
  emit(state, { kind: 'viewEntered', view: state.view, leader });
  if (isLeaderSilent(state, round, leader)) round.timeoutReason ??= 'leaderSkipped';
}
