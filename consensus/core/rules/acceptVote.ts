import { assert } from '../../../schemas/kernel/assert.js';
import { CONSENSUS_VOTE_VIEWS_AHEAD_MAX } from '../../../schemas/limits.js';
import { assemble } from '../certificate.js';
import { evidenceAgainst, reportEvidence } from '../evidence.js';
import { leaderOf } from '../leader.js';
import type { Vote } from '../messages.js';
import type { OffenceReason } from '../output.js';
import { type CoreState, emit, type RoundState, roundAt } from '../state.js';
import {
  fillSlot,
  isProposalSound,
  isRoundSound,
  roundOfVote,
  sameBody,
  sameProposal,
  slotOf,
} from '../votes.js';
import { acceptCertificate } from './acceptCertificate.js';
import { noteProposal } from './considerProposal.js';

/**
 * R13. A vote counts when its sender is its signer and its view is in the window; the first of a
 * signer, view and kind counts, once. A second that differs is evidence. Own votes are journaled
 * and then sent. A quorum of equal votes makes a certificate (R6, R11, R12).
 */
export function acceptVote(state: CoreState, vote: Vote, from: number): void {
  const offence = offenceOf(state, vote, from);
  if (offence !== null) {
    emit(state, { kind: 'blockPeer', peer: from, reason: offence });
    return;
  }
  state.heardMs[vote.signer] = state.nowMs;
  const { view } = roundOfVote(vote);
  const isOwn = vote.signer === state.config.self && view >= state.roundsFrom;
  if (!isOwn && !isInWindow(state, view)) return;
  const round = roundAt(state, view);
  if (isOwn) acceptOwnVote(state, round, vote);
  const evidence = evidenceAgainst(round, vote);
  if (evidence !== null) reportEvidence(state, round, evidence);
  if (vote.kind === 'notarize' && isLeader(state, vote)) noteProposal(state, round, vote.proposal);
  if (slotOf(round, vote.kind, vote.signer) !== null) return;
  fillSlot(round, vote);
  if (view <= state.lastFinalized.view) return;
  const certificate = assemble(round, vote, state.quorum);
  if (certificate !== null) acceptCertificate(state, certificate, null);
}

/**
 * R13. Whether a vote could change anything, asked before its signature is verified: it fills an
 * empty slot towards a certificate not held yet, or it would be evidence. When not, tell the core
 * `peerHeard`.
 */
export function wantsVote(state: CoreState, vote: Vote): boolean {
  const { epoch, view } = roundOfVote(vote);
  if (epoch !== state.config.epoch || !isInWindow(state, view)) return false;
  const round = state.rounds.get(view);
  if (round === undefined) return view > state.lastFinalized.view;
  const slot = slotOf(round, vote.kind, vote.signer);
  if (slot !== null && sameBody(slot, vote)) return false;
  if (evidenceAgainst(round, vote) !== null) return true;
  if (slot !== null || view <= state.lastFinalized.view) return false;
  if (vote.kind === 'nullify') return round.nullification === null;
  const held = vote.kind === 'notarize' ? round.notarization : round.finalization;
  return held === null || !sameProposal(held.proposal, vote.proposal);
}

/** R13. From the retention below the last final view to a few views ahead of ours. */
function isInWindow(state: CoreState, view: number): boolean {
  return view >= state.roundsFrom && view <= state.view + CONSENSUS_VOTE_VIEWS_AHEAD_MAX;
}

/** What the sender did that no honest validator does; null: nothing. */
function offenceOf(state: CoreState, vote: Vote, from: number): OffenceReason | null {
  if (vote.signer !== from) return 'signerIsNotSender';
  if (roundOfVote(vote).epoch !== state.config.epoch) return 'wrongEpoch';
  const known = Number.isInteger(from) && from >= 0 && from < state.config.validators;
  const sound = vote.kind === 'nullify' ? isRoundSound(vote.round) : isProposalSound(vote.proposal);
  return known && sound ? null : 'malformedVote';
}

function isLeader(state: CoreState, vote: Vote): boolean {
  const { view } = roundOfVote(vote);
  return leaderOf(state.config.epoch, view, state.config.validators) === vote.signer;
}

/** R13. Our vote, just signed: into the journal, then out. Sets what was sent (for replay too). */
function acceptOwnVote(state: CoreState, round: RoundState, vote: Vote): void {
  const slot = slotOf(round, vote.kind, vote.signer);
  assert(slot === null || sameBody(slot, vote), 'a validator never votes twice');
  if (vote.kind === 'notarize') round.sentNotarize = true;
  else if (vote.kind === 'finalize') round.sentFinalize = true;
  else {
    round.sentNullify = true;
    round.retryMs = state.nowMs + state.config.timing.retryTimeoutMs;
  }
  emit(state, { kind: 'persist', record: { kind: 'vote', vote } });
  emit(state, { kind: 'broadcastVote', vote });
}
