import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { present } from '../../schemas/kernel/assert.js';
import { CATCH_UP_BLOCKS_MAX, JOURNAL_PRUNE_VIEWS } from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { evaluateWork } from './evaluateWork.js';
import { type FinalHeight, guard, isRunning, rememberCertified, type Shell } from './shell.js';

/**
 * Writes the heights that are executed and certified, in order; one write at a time, and whatever
 * became ready meanwhile shares the next. The application hears of a height after it is durable.
 */
export function certifyHeights(shell: Shell): void {
  if (shell.certifying !== null) return;
  shell.certifying = writeReady(shell).finally(() => {
    shell.certifying = null;
  });
  guard(shell, shell.certifying);
}

async function writeReady(shell: Shell): Promise<void> {
  for (let ready = readyHeights(shell); ready.length > 0; ready = readyHeights(shell)) {
    const blocks = ready.map(certifiedBlock);
    await shell.options.store.appendCertified(blocks);
    // Stopped meanwhile or not: what is on disk is certified, and is told at the next start.
    if (!isRunning(shell)) return;
    for (const block of blocks) onDurable(shell, block);
    evaluateWork(shell);
  }
}

/** From the tip on, without a gap, at most one catch-up answer's worth. */
function readyHeights(shell: Shell): FinalHeight[] {
  const ready: FinalHeight[] = [];
  while (isRunning(shell) && ready.length < CATCH_UP_BLOCKS_MAX) {
    const final = shell.heights.get(shell.tip.height + 1 + ready.length);
    if (final === undefined || final.certificate === null || final.result === null) break;
    ready.push(final);
  }
  return ready;
}

function certifiedBlock(final: FinalHeight): CertifiedBlock {
  return {
    block: final.known.block,
    finality: final.finality,
    beacon: { height: final.height, signature: present(final.beacon, 'beacon') },
    certificate: present(final.certificate, 'certificate'),
  };
}

function onDurable(shell: Shell, certified: CertifiedBlock): void {
  const { height } = certified.block.header;
  const final = present(shell.heights.get(height), 'height just certified');
  shell.tip = tipAfter(certified);
  shell.chain.advance(final.known.point);
  shell.heights.delete(height);
  rememberCertified(shell, height, final.known.point.digest);
  shell.shares.prune(height);
  shell.results.prune(height);
  shell.catchUp.advanced();
  const { telemetry, timer, application } = shell.options;
  telemetry.gauge('validator_certified_height', height);
  telemetry.height({ height, finalMs: final.finalMs, ...final.reached, durableMs: timer.nowMs() });
  application.certified(certified);
  const told = shell.certifiedWaiters.filter((waiter) => waiter.height <= height);
  for (const waiter of told) {
    shell.certifiedWaiters.splice(shell.certifiedWaiters.indexOf(waiter), 1);
    waiter.tell();
  }
  pruneJournal(shell, certified.finality.finalization.proposal.view);
}

/** At a restart the core starts from the tip's finalization: older records say nothing any more. */
function pruneJournal(shell: Shell, view: number): void {
  if (view < shell.prunedView + JOURNAL_PRUNE_VIEWS) return;
  shell.prunedView = view;
  guard(shell, shell.options.journal.prune(view));
}

/** Resolves when this height is certified and durable here, or when the validator has halted. */
export function whenCertified(shell: Shell, height: number): Promise<void> {
  if (shell.tip.height >= height || !isRunning(shell)) return Promise.resolve();
  return new Promise((resolve) => {
    shell.certifiedWaiters.push({ height, tell: resolve });
  });
}
