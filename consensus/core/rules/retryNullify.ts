import { bestCertificate } from '../certificate.js';
import { type CoreState, emit, maySign, type RoundState } from '../state.js';

/**
 * R10. While a view that we nullified does not end, every tR: our nullify again (not journaled
 * again) and the best certificate that lets others reach this view.
 */
export function retryNullify(state: CoreState, round: RoundState): void {
  const { self, timing } = state.config;
  if (round.retryMs === null || state.nowMs < round.retryMs || !maySign(state)) return;
  round.retryMs = state.nowMs + timing.retryTimeoutMs;
  const vote = self === null ? null : round.nullifies[self];
  if (vote) emit(state, { kind: 'broadcastVote', vote });
  const certificate = bestCertificate(state, state.view - 1);
  if (certificate !== null) {
    emit(state, { kind: 'broadcastCertificate', certificate, except: null });
  }
}
