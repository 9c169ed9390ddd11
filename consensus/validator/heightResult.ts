import { encode } from '../../schemas/codec/codec.js';
import { verifyResultCertificate } from '../../schemas/crypto/certifiedBlock.js';
import { resultDigest } from '../../schemas/crypto/digests.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { Result, ResultCertificate } from '../../schemas/types/block.js';
import type { ResultSignatureMessage } from '../../schemas/types/wire.js';
import { certifyHeights } from './certifyHeights.js';
import { mutePeer } from './mutePeer.js';
import { type FinalHeight, halt, isHeightOpen, isRunning, type Shell } from './shell.js';

/** A peer's signature over its result. It may come before ours exists; kept unverified. */
export function onResultSignature(
  shell: Shell,
  from: number,
  message: ResultSignatureMessage,
): void {
  if (message.epoch !== shell.keys.epoch || message.signer !== from) return;
  if (!isHeightOpen(shell, message.height)) return;
  shell.results.add(message.height, from, message.resultDigest, message.signature);
  const final = shell.heights.get(message.height);
  if (final !== undefined) certifyResult(shell, final);
}

/** A whole certificate from a peer, in answer to a HeightRequest. */
export function onResultCertificate(
  shell: Shell,
  from: number,
  certificate: ResultCertificate,
): void {
  const final = shell.heights.get(certificate.result.height);
  if (final === undefined || final.certificate !== null) return;
  if (!verifyResultCertificate(certificate, shell.keys, shell.verifier)) {
    mutePeer(shell, from, 'result certificate that does not verify');
    return;
  }
  setCertificate(shell, final, certificate);
}

/** Looks for a quorum among the signatures of a height that is executed here. */
export function certifyResult(shell: Shell, final: FinalHeight): void {
  const { result, digest } = final;
  if (result === null || digest === null || final.certificate !== null) return;
  const { certified, blamed } = shell.results.certified(final.height);
  for (const peer of blamed) mutePeer(shell, peer, 'result signature that does not verify');
  if (certified === null) return;
  if (equalBytes(certified.digest, digest)) {
    setCertificate(shell, final, { result, signatures: certified.signatures });
  } else {
    diverge(shell, final, certified.digest);
  }
}

/**
 * The height has its certificate. Whoever executed something else stops signing and serving, keeps
 * its data and says where (DESIGN section 4); it never argues.
 */
export function setCertificate(
  shell: Shell,
  final: FinalHeight,
  certificate: ResultCertificate,
): void {
  if (!equalBytes(certificate.result.blockDigest, final.known.point.digest)) {
    halt(shell, 'unsafe', final.height, 'a certificate is about another block than the final one');
    return;
  }
  const certified = resultDigest(certificate.result);
  if (final.digest !== null && !equalBytes(final.digest, certified)) {
    if (!haltIfOutdated(shell, certificate.result)) diverge(shell, final, certified);
    return;
  }
  final.certificate = certificate;
  final.reached.certifiedMs = shell.options.timer.nowMs();
  noteCertificate(shell, certificate);
  if (final.result !== null) certifyHeights(shell);
}

/** Keeps the newest certificate at hand for our next block. */
export function noteCertificate(shell: Shell, certificate: ResultCertificate): void {
  const newest = shell.certificate?.value.result.height ?? 0;
  if (certificate.result.height <= newest) return;
  const bytes = encode('ResultCertificate', certificate);
  shell.certificate = { value: certificate, digest: resultDigest(certificate.result), bytes };
}

/** A certified height whose rules this program lacks is no disagreement with anybody. */
export function haltIfOutdated(shell: Shell, { height, engineVersion }: Result): boolean {
  const fault = shell.options.application.engineFault(height, engineVersion);
  if (fault !== null) halt(shell, 'outdated', height, fault);
  return fault !== null;
}

function diverge(shell: Shell, final: FinalHeight, certified: Uint8Array): void {
  if (!isRunning(shell)) return;
  const own = toHex(final.digest ?? new Uint8Array(0));
  const made = `own result ${own}, by engine ${final.result?.engineVersion},`;
  halt(shell, 'diverged', final.height, `${made} differs from the certified ${toHex(certified)}`);
}
