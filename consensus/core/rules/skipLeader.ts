import type { CoreState, RoundState } from '../state.js';

/**
 * R16. A leader that cast no vote for `skipTimeoutMs` is not waited for, if a quorum was heard in
 * that time; if not, it may be we who are cut off, so we wait. While timeouts have grown (R19) a
 * whole rotation of views must have passed: votes are rare then, and skipping an honest leader
 * costs the others the long wait. Never for ourselves.
 */
export function isLeaderSilent(state: CoreState, round: RoundState, leader: number): boolean {
  const { self, timing, validators } = state.config;
  if (leader === self) return false;
  const rotationMs = validators * round.certificationTimeoutMs;
  const since = state.nowMs - Math.max(timing.skipTimeoutMs, rotationMs);
  if (state.heardMs[leader]! >= since) return false;
  let heard = 0;
  for (let peer = 0; peer < validators; peer++) {
    if (peer === self || state.heardMs[peer]! >= since) heard++;
  }
  return heard >= state.quorum;
}
