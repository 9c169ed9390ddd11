import type { CoreState, RoundState } from '../state.js';

/**
 * R19. Timeouts grow by `timeoutGrowth` for each view since the last final one, up to
 * `timeoutMaxMs`, and shrink only when a view becomes final. The two views that are always under
 * way, the one being voted and the one being finalized, don't count. Fixed on entry, so that a
 * finalization does not cut short a view under way.
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
