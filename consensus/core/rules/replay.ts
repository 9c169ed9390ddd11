import type { JournalRecord } from '../messages.js';
import { type CoreState, emit, roundAt } from '../state.js';
import { roundOfCertificate, roundOfVote } from '../votes.js';
import { acceptCertificate } from './acceptCertificate.js';
import { acceptVote } from './acceptVote.js';
import { beginView } from './enterView.js';
import { castFinalize, onCertified } from './onCertified.js';
import { requestCertification } from './onNotarization.js';

/**
 * R20. The journal is replayed in its order through the same rules, without outputs: what was sent,
 * every certificate and verdict, and the view are as before the stop. Records at or below the last
 * final view say nothing any more.
 */
export function replayRecord(state: CoreState, record: JournalRecord): void {
  const floor = state.lastFinalized.view;
  if (record.kind === 'vote') {
    if (roundOfVote(record.vote).view > floor) acceptVote(state, record.vote, record.vote.signer);
  } else if (record.kind === 'verdict') {
    onCertified(state, record.proposal, record.valid);
  } else if (roundOfCertificate(record.certificate).view > floor) {
    acceptCertificate(state, record.certificate, null);
  }
}

/**
 * R1, R20. The clock starts. Nothing old is sent again at once; if all stopped, the timers send it
 * (R10, R14). What was notarized without a verdict is certified again, a finalize lost between
 * verdict and vote is cast, and the last final block is told again.
 */
export function start(state: CoreState): void {
  const { timing } = state.config;
  state.started = true;
  state.heardMs.fill(state.nowMs);
  state.standstillDueMs = state.nowMs + timing.standstillMs;
  const { finalization } = state;
  if (finalization !== null && finalization !== state.config.floor) {
    emit(state, {
      kind: 'finalized',
      proposal: finalization.proposal,
      certificate: finalization,
    });
  }
  const current = roundAt(state, state.view);
  beginView(state);
  if (current.sentNullify) current.retryMs = state.nowMs + timing.retryTimeoutMs;
  const rounds = [...state.rounds.values()].sort((a, b) => a.view - b.view);
  for (const round of rounds) {
    if (round.view <= state.lastFinalized.view) continue;
    requestCertification(state, round);
    castFinalize(state, round);
  }
}
