import { toHex } from '../../schemas/kernel/bytes.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import type { Input } from '../core/input.js';
import type { Certificate, Vote } from '../core/messages.js';
import { wantsCertificate } from '../core/rules/acceptCertificate.js';
import { wantsVote } from '../core/rules/acceptVote.js';
import { onBlock } from './acceptBlock.js';
import { answerBlock, answerCertified, answerHeight, type RequestBudget } from './answerRequest.js';
import { extendFinal } from './extendFinal.js';
import { onBeacon, onShare } from './heightBeacon.js';
import { onResultCertificate, onResultSignature } from './heightResult.js';
import { isMuted, mutePeer } from './mutePeer.js';
import { guard, isRunning, type Shell } from './shell.js';
import { verifyCertificate, verifyVote } from './voteSignatures.js';
import { certificateOfForm, voteOfForm } from './wireForms.js';

/**
 * What a peer said. Votes and certificates are verified when their turn in the drain comes, and
 * only if the core still wants them; all else is handled at once. Messages that are not between
 * validators are somebody else's.
 */
export function onMessage(
  shell: Shell,
  budget: RequestBudget,
  from: number,
  message: PeerMessageBody,
): void {
  if (!isRunning(shell) || isMuted(shell, from)) return;
  switch (message.kind) {
    case 'Notarize':
    case 'Nullify':
    case 'Finalize': {
      const vote = voteOfForm(message);
      return shell.push((nowMs) => voteInput(shell, from, vote, nowMs));
    }
    case 'Notarization':
    case 'Nullification':
    case 'Finalization': {
      const certificate = certificateOfForm(message);
      return shell.push((nowMs) => certificateInput(shell, from, certificate, nowMs));
    }
    case 'BlockMessage':
      return onBlock(shell, from, message.block);
    case 'BlockMissing':
      return shell.fetcher.missing(toHex(message.digest), from);
    case 'BeaconShareMessage':
      return onShare(shell, from, message);
    case 'BeaconMessage':
      return onBeacon(shell, message);
    case 'ResultSignatureMessage':
      return onResultSignature(shell, from, message);
    case 'ResultCertificate':
      return onResultCertificate(shell, from, message);
    case 'CertifiedAnswer':
      return guard(
        shell,
        shell.catchUp.answered(from, message).then(() => extendFinal(shell)),
      );
    default:
      return onRequest(shell, budget, from, message);
  }
}

function onRequest(
  shell: Shell,
  budget: RequestBudget,
  from: number,
  message: PeerMessageBody,
): void {
  if (!budget.take(from, shell.options.timer.nowMs())) {
    shell.options.telemetry.count('validator_requests_dropped_total', 1);
    return;
  }
  switch (message.kind) {
    case 'BlockRequest':
      return guard(shell, answerBlock(shell, from, message.digest));
    case 'CertifiedRequest':
      return guard(shell, answerCertified(shell, from, message));
    case 'HeightRequest':
      return guard(shell, answerHeight(shell, from, message.height));
    case 'CertificateRequest': {
      const { epoch, view } = message;
      if (epoch !== shell.keys.epoch) return;
      return shell.push((nowMs) => ({ kind: 'certificateRequested', nowMs, from, view }));
    }
  }
}

function voteInput(shell: Shell, from: number, vote: Vote, nowMs: number): Input | null {
  if (vote.signer !== from) return { kind: 'voteReceived', nowMs, from, vote };
  if (!wantsVote(shell.core, vote)) return { kind: 'peerHeard', nowMs, from };
  if (verifyVote(vote, shell.keys, shell.verifier)) {
    return { kind: 'voteReceived', nowMs, from, vote };
  }
  mutePeer(shell, from, 'vote whose signature does not verify');
  return null;
}

function certificateInput(
  shell: Shell,
  from: number,
  certificate: Certificate,
  nowMs: number,
): Input | null {
  if (!wantsCertificate(shell.core, certificate)) return null;
  if (verifyCertificate(certificate, shell.keys, shell.verifier)) {
    return { kind: 'certificateReceived', nowMs, from, certificate };
  }
  mutePeer(shell, from, 'certificate that does not verify');
  return null;
}
