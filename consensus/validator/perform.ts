import { unreachable } from '../../schemas/kernel/assert.js';
import type { Output } from '../core/output.js';
import { buildBlock } from './buildBlock.js';
import { onFinalized } from './extendFinal.js';
import { certifyProposal, verifyProposal } from './judgeProposal.js';
import { mutePeer } from './mutePeer.js';
import { guard, halt, type Shell } from './shell.js';
import { certificateForm, viewOf, voteForm } from './wireForms.js';

/** Does what the core asked for, after all it depends on is durable. */
export function perform(
  shell: Shell,
  output: Exclude<Output, { kind: 'castVote' | 'persist' }>,
): void {
  const { transport, telemetry } = shell.options;
  switch (output.kind) {
    case 'broadcastVote':
      return transport.broadcast(voteForm(output.vote));
    case 'broadcastCertificate':
      return broadcastExcept(shell, output);
    case 'sendCertificate':
      return transport.send(output.to, certificateForm(output.certificate));
    case 'requestCertificate':
      return requestCertificate(shell, output.view, output.to);
    case 'propose':
      return guard(shell, buildBlock(shell, output));
    case 'verify':
      return guard(shell, verifyProposal(shell, output));
    case 'certify':
      return guard(shell, certifyProposal(shell, output.proposal));
    case 'finalized':
      return onFinalized(shell, output.certificate);
    case 'evidence':
      telemetry.count('validator_evidence_total', 1);
      return telemetry.log('error', 'evidence', evidenceFields(output));
    case 'blockPeer':
      return mutePeer(shell, output.peer, output.reason);
    case 'safetyViolated':
      return halt(shell, 'unsafe', shell.finalTip.height, contradiction(output));
    case 'viewEntered':
      return telemetry.gauge('validator_view', output.view);
    case 'viewTimedOut': {
      const { view, leader, reason } = output;
      telemetry.count('validator_view_timeouts_total', 1);
      return telemetry.log('info', 'view given up', { view, leader, reason });
    }
    default:
      unreachable(output);
  }
}

function broadcastExcept(
  shell: Shell,
  { certificate, except }: Extract<Output, { kind: 'broadcastCertificate' }>,
): void {
  const { transport } = shell.options;
  const form = certificateForm(certificate);
  if (except === null) {
    transport.broadcast(form);
    return;
  }
  for (const peer of transport.connected()) if (peer !== except) transport.send(peer, form);
}

function requestCertificate(shell: Shell, view: number, to: number | null): void {
  const { transport } = shell.options;
  const message = { kind: 'CertificateRequest', epoch: shell.keys.epoch, view } as const;
  if (to === null) transport.broadcast(message);
  else transport.send(to, message);
}

function evidenceFields({ signer, evidence }: Extract<Output, { kind: 'evidence' }>) {
  return { signer, evidence: evidence.kind, view: viewOf(evidence.first) };
}

function contradiction({ first, second }: Extract<Output, { kind: 'safetyViolated' }>): string {
  return `${first.kind} and ${second.kind} of view ${viewOf(second)} exclude each other`;
}
