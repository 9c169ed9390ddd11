import type { Evidence, Vote } from './messages.js';
import { type CoreState, emit, type RoundState } from './state.js';
import { sameBody } from './votes.js';

const KINDS = ['conflictingNotarize', 'conflictingFinalize', 'nullifyFinalize'] as const;

/**
 * Proof that the signer of `vote` broke a promise, against its first votes in the round; null when
 * there is none. Notarize with nullify is no fault: a validator may give up what it notarized.
 */
export function evidenceAgainst(round: RoundState, vote: Vote): Evidence | null {
  const { signer } = vote;
  if (vote.kind === 'notarize') {
    const first = round.notarizes[signer];
    if (!first || sameBody(first, vote)) return null;
    return { kind: 'conflictingNotarize', first, second: vote };
  }
  if (vote.kind === 'nullify') {
    const second = round.finalizes[signer];
    return second ? { kind: 'nullifyFinalize', first: vote, second } : null;
  }
  const first = round.finalizes[signer];
  if (first && !sameBody(first, vote)) return { kind: 'conflictingFinalize', first, second: vote };
  const nullify = round.nullifies[signer];
  return nullify ? { kind: 'nullifyFinalize', first: nullify, second: vote } : null;
}

/** Reports evidence once for each (signer, view, kind), and cuts the liar off. */
export function reportEvidence(state: CoreState, round: RoundState, evidence: Evidence): void {
  const { signer } = evidence.first;
  const bit = 1 << (signer * KINDS.length + KINDS.indexOf(evidence.kind));
  if ((round.reported & bit) !== 0) return;
  round.reported |= bit;
  emit(state, { kind: 'evidence', signer, evidence });
  if (signer !== state.config.self) {
    emit(state, { kind: 'blockPeer', peer: signer, reason: 'equivocation' });
  }
}
