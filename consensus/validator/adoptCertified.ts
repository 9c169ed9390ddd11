import { certifiedBlockFault, tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { whenCertified } from './certifyHeights.js';
import { knownBlock } from './chain.js';
import { executeNext } from './executeHeights.js';
import { addFinal, extendFinal, settle } from './extendFinal.js';
import { setCertificate } from './heightResult.js';
import { halt, isRunning, type Shell } from './shell.js';

/**
 * Certified blocks from a peer, proven by the reader's rule and by nothing else. They complete the
 * heights as votes and shares would have, and go the same way through execution, comparison and
 * disk. False at the first block that does not continue the chain. Resolves when all are durable.
 */
export async function adoptCertified(
  shell: Shell,
  blocks: readonly CertifiedBlock[],
): Promise<boolean> {
  const { keys, verifier, options } = shell;
  const verifiers = { signatures: verifier, beacon: options.beacon };
  let { tip } = shell;
  let last: CertifiedBlock | null = null;
  let good = true;
  for (const certified of blocks) {
    if (!isRunning(shell)) return true;
    const { height } = certified.block.header;
    if (height <= tip.height) continue;
    const fault = certifiedBlockFault(certified, tip, keys, verifiers);
    if (fault !== null) {
      options.telemetry.log('warn', 'bad catch-up answer', { height, fault });
      good = false;
      break;
    }
    tip = tipAfter(certified);
    takeFacts(shell, certified);
    last = certified;
    await pause(shell);
  }
  if (last !== null && isRunning(shell)) await finish(shell, last);
  return good;
}

/** Verifying one block takes milliseconds; votes and timers get their turn in between. */
function pause(shell: Shell): Promise<void> {
  return new Promise((resolve) => {
    shell.options.timer.after(0, resolve);
  });
}

async function finish(shell: Shell, last: CertifiedBlock): Promise<void> {
  const { finalization } = last.finality;
  shell.push((nowMs) => ({
    kind: 'certificateReceived',
    nowMs,
    from: null,
    certificate: { ...finalization, kind: 'finalization' },
  }));
  extendFinal(shell);
  await whenCertified(shell, last.block.header.height);
}

function takeFacts(shell: Shell, certified: CertifiedBlock): void {
  const { block, finality, beacon, certificate } = certified;
  const { height } = block.header;
  if (height <= shell.tip.height) return;
  const digest = certificate.result.blockDigest;
  const known = shell.heights.get(height);
  if (known !== undefined && !equalBytes(known.known.point.digest, digest)) {
    halt(shell, 'unsafe', height, 'two final blocks at one height');
    return;
  }
  const final = known ?? adoptFinal(shell, certified, digest);
  final.beacon ??= beacon.signature;
  if (final.certificate === null) setCertificate(shell, final, certificate);
  settle(shell, Math.min(finality.finalization.proposal.view, shell.finalTip.view));
  executeNext(shell);
}

function adoptFinal(shell: Shell, { block, finality }: CertifiedBlock, digest: Uint8Array) {
  assert(block.header.height === shell.finalTip.height + 1, 'facts continue the final chain');
  const key = toHex(digest);
  const held = shell.chain.get(key);
  const known = held ?? present(knownBlock(block, digest), 'block with the right items root');
  if (held === null) shell.chain.add(known);
  shell.fetcher.received(key);
  return addFinal(shell, known, shell.options.timer.nowMs(), finality);
}
