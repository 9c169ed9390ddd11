import { CONSENSUS_STANDSTILL_VIEWS_MAX } from '../../../schemas/limits.js';
import { type CoreState, emit, type RoundState } from '../state.js';
import { slotOf } from '../votes.js';

/**
 * R14. When nothing became final for `standstillMs` (doubling up to the maximum until something
 * does), we send again to all: the highest finalization, and the certificates and own votes of the
 * highest views above it, at most CONSENSUS_STANDSTILL_VIEWS_MAX views. Older holes are fetched
 * (R18).
 */
export function resendOnStandstill(state: CoreState): void {
  if (state.config.validators === 1 || state.nowMs < state.standstillDueMs) return;
  state.standstillMs = Math.min(2 * state.standstillMs, state.config.timing.standstillMaxMs);
  state.standstillDueMs = state.nowMs + state.standstillMs;
  if (state.finalization !== null) {
    const certificate = state.finalization;
    emit(state, { kind: 'broadcastCertificate', certificate, except: null });
  }
  const lowest = state.view - CONSENSUS_STANDSTILL_VIEWS_MAX;
  const from = Math.max(state.lastFinalized.view, lowest) + 1;
  for (let view = from; view <= state.view; view++) {
    const round = state.rounds.get(view);
    if (round !== undefined) resendRound(state, round);
  }
}

function resendRound(state: CoreState, round: RoundState): void {
  const { self } = state.config;
  for (const certificate of [round.notarization, round.nullification]) {
    if (certificate === null) continue;
    emit(state, { kind: 'broadcastCertificate', certificate, except: null });
  }
  if (self === null) return;
  for (const kind of ['notarize', 'nullify', 'finalize'] as const) {
    const vote = slotOf(round, kind, self);
    if (vote !== null) emit(state, { kind: 'broadcastVote', vote });
  }
}
