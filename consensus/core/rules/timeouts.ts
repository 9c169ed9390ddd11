import type { CoreState, RoundState } from '../state.js';

/**
 * R19. Timeouts grow by `timeoutGrowth` for each view since the last final one, up to
 * `timeoutMaxMs`, and shrink only when a view becomes final. The two views that are always under
 * way, the one being voted and the one being finalized, don't count.
 */
export function setTimeouts(state: CoreState, round: RoundState): void {
  const { timing } = state.config;
  const behind = Math.max(0, round.view - state.lastFinalized.view - 2);
  const growth = timing.timeoutGrowth ** behind;
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
