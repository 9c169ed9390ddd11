import type { CoreState } from '../state.js';

/**
 * R16. A leader that cast no vote for `skipTimeoutMs` is not waited for, if a quorum was heard in
 * that time; if not, it may be we who are cut off, so we wait. Never for ourselves.
 */
export function isLeaderSilent(state: CoreState, leader: number): boolean {
  const { self, timing } = state.config;
  if (leader === self) return false;
  const since = state.nowMs - timing.skipTimeoutMs;
  if (state.heardMs[leader]! >= since) return false;
  let heard = 0;
  for (let peer = 0; peer < state.config.validators; peer++) {
    if (peer === self || state.heardMs[peer]! >= since) heard++;
  }
  return heard >= state.quorum;
}
