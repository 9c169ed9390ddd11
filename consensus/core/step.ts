import { assert, unreachable } from '../../schemas/kernel/assert.js';
import type { Input } from './input.js';
import type { Output } from './output.js';
import { acceptCertificate } from './rules/acceptCertificate.js';
import { acceptVote } from './rules/acceptVote.js';
import { considerProposal, onVerified } from './rules/considerProposal.js';
import { fetchMissing } from './rules/fetchMissing.js';
import { giveUpView, viewDeadline } from './rules/giveUpView.js';
import { onCertified } from './rules/onCertified.js';
import { quietUntilMs } from './rules/pacing.js';
import { isToPropose, onProposalBuilt, onProposalUnavailable, propose } from './rules/propose.js';
import { replayRecord, start } from './rules/replay.js';
import { retryNullify } from './rules/retryNullify.js';
import { serveRequest } from './rules/serveRequest.js';
import { resendOnStandstill } from './rules/standstill.js';
import { type CoreState, roundAt } from './state.js';

/**
 * One input, to its end. Changes `state` in place and returns it with what the shell must do (see
 * Output). Total: throws only AssertionError, for a bug or for inputs out of their documented life.
 */
export function step(state: CoreState, input: Input): { state: CoreState; outputs: Output[] } {
  state.outputs = [];
  if (input.kind === 'recordReplayed') {
    assert(!state.started, 'the journal is replayed before the start');
    replayRecord(state, input.record);
  } else {
    assert(state.started !== (input.kind === 'started'), `${input.kind}: started once, first`);
    assert(Number.isFinite(input.nowMs), 'nowMs is a time');
    state.nowMs = Math.max(state.nowMs, input.nowMs);
    apply(state, input);
    progress(state);
  }
  const { outputs } = state;
  state.outputs = [];
  return { state, outputs };
}

type LiveInput = Exclude<Input, { kind: 'recordReplayed' }>;

/** What the input itself means. */
function apply(state: CoreState, input: LiveInput): void {
  switch (input.kind) {
    case 'started':
      return start(state);
    case 'voteReceived':
      return acceptVote(state, input.vote, input.from);
    case 'certificateReceived':
      return acceptCertificate(state, input.certificate, input.from);
    case 'peerHeard':
      state.heardMs[input.from] = state.nowMs;
      return;
    case 'proposalBuilt':
      return onProposalBuilt(state, input.view, input.payload);
    case 'proposalUnavailable':
      return onProposalUnavailable(state, input.view);
    case 'verified':
      return onVerified(state, input.proposal, input.valid);
    case 'certified':
      return onCertified(state, input.proposal, input.valid);
    case 'certificateRequested':
      return serveRequest(state, input.view, input.from);
    case 'workAvailable':
      state.workSinceMs = input.available ? (state.workSinceMs ?? state.nowMs) : null;
      return;
    case 'timeElapsed':
      return;
    default:
      unreachable(input);
  }
}

/** What the current view now allows or demands. Cost: a few binary searches, whatever the input. */
function progress(state: CoreState): void {
  const round = roundAt(state, state.view);
  giveUpView(state, round);
  propose(state, round);
  considerProposal(state, round);
  if (round.timeoutReason !== null) giveUpView(state, round);
  retryNullify(state, round);
  resendOnStandstill(state);
  fetchMissing(state, round);
}

/**
 * When the shell must give `timeElapsed` next, in its own clock; null: not before another input.
 * Changes with every step.
 */
export function nextDeadlineMs(state: CoreState): number | null {
  const patienceMs = nextPatienceMs(state);
  const round = roundAt(state, state.view);
  if (!state.started || !isToPropose(state, round)) return patienceMs;
  return Math.min(patienceMs ?? Number.POSITIVE_INFINITY, quietUntilMs(state));
}

/** The earliest time at which something is given up or said again because others were not heard. */
export function nextPatienceMs(state: CoreState): number | null {
  if (!state.started) return null;
  const round = roundAt(state, state.view);
  let next = Number.POSITIVE_INFINITY;
  const view = viewDeadline(state, round);
  if (view !== null) next = Math.min(next, view.dueMs);
  if (round.retryMs !== null) next = Math.min(next, round.retryMs);
  if (state.config.validators > 1) next = Math.min(next, state.standstillDueMs);
  for (const { dueMs } of state.fetches.values()) next = Math.min(next, dueMs);
  return Number.isFinite(next) ? next : null;
}
