import { leaderOf } from '../leader.js';
import { type CoreState, emit, maySign, type RoundState } from '../state.js';
import { clockStartMs } from './pacing.js';

/** R9. When the current view runs out of time next, and why; null: it does not. */
export function viewDeadline(
  state: CoreState,
  round: RoundState,
): { dueMs: number; reason: 'leaderSilent' | 'notCertified' } | null {
  if (!maySign(state) || round.timeoutReason !== null) return null;
  if (round.sentNullify || round.sentFinalize) return null;
  const startMs = clockStartMs(state, round);
  if (round.proposal === null) {
    return { dueMs: startMs + round.leaderTimeoutMs, reason: 'leaderSilent' };
  }
  return { dueMs: startMs + round.certificationTimeoutMs, reason: 'notCertified' };
}

/**
 * R9. The current view is given up when its leader says nothing in tL, nothing is certified in tA,
 * or a rule found it hopeless: nullify(v) is cast, once, unless finalize(v) was. Having notarized
 * is no obstacle; notarize after nullify is forbidden (R5).
 */
export function giveUpView(state: CoreState, round: RoundState): void {
  const deadline = viewDeadline(state, round);
  if (deadline !== null && state.nowMs >= deadline.dueMs) round.timeoutReason = deadline.reason;
  if (round.timeoutReason === null || !maySign(state)) return;
  if (round.sentNullify || round.sentFinalize) return;
  const { epoch, validators } = state.config;
  const { view, timeoutReason: reason } = round;
  round.sentNullify = true;
  emit(state, { kind: 'viewTimedOut', view, leader: leaderOf(epoch, view, validators), reason });
  emit(state, { kind: 'castVote', body: { kind: 'nullify', round: { epoch, view } } });
}
