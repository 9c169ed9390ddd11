import { CONSENSUS_VIEWS_MEASURED } from '../../../schemas/limits.js';
import type { CoreState, RoundState } from '../state.js';
import { clockStartMs } from './pacing.js';

/**
 * R19. Timeouts are what views usually take here, `timeoutFactor` times over, at least tL and tA;
 * they grow by `timeoutGrowth` for each view since the last final one, up to `timeoutMaxMs`. The
 * two views that are always under way, the one being voted and the one being finalized, don't
 * count.
 */
export function setTimeouts(state: CoreState, round: RoundState): void {
  const { timing } = state.config;
  const behind = Math.max(0, round.view - state.lastFinalized.view - 2);
  const usual = (timing.timeoutFactor * state.usualViewMs) / timing.certificationTimeoutMs;
  const growth = Math.max(1, usual) * timing.timeoutGrowth ** behind;
  round.leaderTimeoutMs = Math.min(timing.leaderTimeoutMs * growth, timing.timeoutMaxMs);
  round.certificationTimeoutMs = Math.min(
    timing.certificationTimeoutMs * growth,
    timing.timeoutMaxMs,
  );
}

/**
 * R19. A finalization makes the timeouts of the view under way small again, counted from now, so
 * that the last slow view of an outage is not waited for at length, nor cut short.
 */
export function shrinkTimeouts(state: CoreState, round: RoundState): void {
  const before = round.certificationTimeoutMs;
  setTimeouts(state, round);
  if (round.certificationTimeoutMs < before) round.rearmedMs = state.nowMs;
}

/**
 * R19. What a certified view took, from the start of its clock; a view given up whose certificate
 * came all the same counts too, one that we were carried over by certificates does not.
 */
export function measureView(state: CoreState, round: RoundState): void {
  if (round.enteredMs === null || round.view < state.view - 1) return;
  state.viewsTookMs.push(Math.max(0, state.nowMs - clockStartMs(state, round)));
  if (state.viewsTookMs.length > CONSENSUS_VIEWS_MEASURED) state.viewsTookMs.shift();
  if (state.viewsTookMs.length === CONSENSUS_VIEWS_MEASURED) {
    state.usualViewMs = median(state.viewsTookMs);
  }
}

/** Leaders that dawdle are fewer than a third: they move it only to what honest views take. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
