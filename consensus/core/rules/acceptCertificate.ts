import { assert } from '../../../schemas/kernel/assert.js';
import { contradicted, heldCertificate, isCertificateSound } from '../certificate.js';
import type { Certificate, Nullification } from '../messages.js';
import { type CoreState, emit, type RoundState, roundAt } from '../state.js';
import { roundOfCertificate, sameProposal } from '../votes.js';
import { enterView } from './enterView.js';
import { onFinalization } from './onFinalization.js';
import { onNotarization } from './onNotarization.js';

/**
 * R12. A valid certificate of any view above the last final one is accepted, however far ahead,
 * once a view and kind: journaled, sent on once, and acted upon. A malformed one convicts its
 * sender; one that contradicts another held means that more than f are faulty.
 */
export function acceptCertificate(
  state: CoreState,
  certificate: Certificate,
  from: number | null,
): void {
  const { epoch, view } = roundOfCertificate(certificate);
  if (epoch !== state.config.epoch || !isCertificateSound(state, certificate)) {
    assert(from !== null, 'our own certificates are well-formed');
    const reason = epoch === state.config.epoch ? 'malformedCertificate' : 'wrongEpoch';
    emit(state, { kind: 'blockPeer', peer: from, reason });
    return;
  }
  if (!wantsCertificate(state, certificate)) return;
  const round = roundAt(state, view);
  const first = contradicted(round, certificate);
  if (first !== null) {
    emit(state, { kind: 'safetyViolated', first, second: certificate });
    return;
  }
  emit(state, { kind: 'persist', record: { kind: 'certificate', certificate } });
  emit(state, { kind: 'broadcastCertificate', certificate, except: from });
  if (certificate.kind === 'notarization') onNotarization(state, round, certificate);
  else if (certificate.kind === 'finalization') onFinalization(state, round, certificate);
  else onNullification(state, round, certificate);
}

/**
 * R12. Whether a certificate could change anything, asked before its signatures are verified: it is
 * new, or it contradicts one that is held.
 */
export function wantsCertificate(state: CoreState, certificate: Certificate): boolean {
  const { view } = roundOfCertificate(certificate);
  const round = state.rounds.get(view);
  if (view <= state.lastFinalized.view) {
    return round !== undefined && contradicted(round, certificate) !== null;
  }
  if (round === undefined) return true;
  const held = heldCertificate(round, certificate.kind);
  if (held === null) return true;
  if (held.kind === 'nullification' || certificate.kind === 'nullification') return false;
  return !sameProposal(held.proposal, certificate.proposal);
}

/** R12. A nullified view ends; certification of its block, if any, goes on (R6). */
function onNullification(state: CoreState, round: RoundState, nullification: Nullification): void {
  round.nullification = nullification;
  state.nullified.add(round.view);
  enterView(state, round.view + 1);
}
