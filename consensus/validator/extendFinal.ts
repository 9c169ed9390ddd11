import { present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { Finalization } from '../core/messages.js';
import type { KnownBlock } from './chain.js';
import { evaluateWork } from './evaluateWork.js';
import { combineShares, releaseShare } from './heightBeacon.js';
import { type FinalHeight, halt, isRunning, type Shell } from './shell.js';

/** A loose end higher than this above the final tip is left to catch-up. */
const WALK_HEIGHTS_MAX = 8;

/** The core says that this block and all its ancestors are final. */
export function onFinalized(shell: Shell, finalization: Finalization): void {
  shell.finalTarget = finalization;
  extendFinal(shell);
}

/**
 * Final means a finalization of h, or of a descendant with the header path down to h (DESIGN
 * section 4). Makes final what reaches from the target down to the final tip; asks for the block at
 * the loose end when it does not reach yet. Called whenever a block arrives.
 */
export function extendFinal(shell: Shell): void {
  const target = shell.finalTarget;
  if (target === null || shell.state === 'starting') return;
  const { view, payload } = target.proposal;
  if (view <= shell.finalTip.view) {
    shell.finalTarget = null;
    return;
  }
  const key = toHex(payload);
  if (shell.chain.get(key) === null) {
    shell.fetcher.want(payload, view, null);
    return;
  }
  const branch = shell.chain.branch(key, shell.finalTip.height);
  const lowest = branch === null ? shell.chain.lowestLoose(key) : (branch[0] ?? null);
  if (lowest === null) return;
  if (lowest.parentKey === shell.finalTip.key) {
    makeFinal(shell, present(branch, 'branch from the final tip'), target);
  } else if (lowest.point.height <= shell.finalTip.height + 1) {
    halt(shell, 'unsafe', lowest.point.height, 'a finalization contradicts the final chain');
  } else {
    wantParent(shell, lowest, view);
  }
}

function wantParent(shell: Shell, lowest: KnownBlock, view: number): void {
  if (lowest.point.height > shell.finalTip.height + WALK_HEIGHTS_MAX) {
    shell.catchUp.behind();
    if (shell.catchUp.busy()) return;
  }
  shell.fetcher.want(lowest.block.header.parent, view, null);
}

function makeFinal(shell: Shell, branch: readonly KnownBlock[], finalization: Finalization): void {
  shell.finalTarget = null;
  const finalMs = shell.options.timer.nowMs();
  const headers = branch.map(({ block }) => block.header);
  for (const [index, known] of branch.entries()) {
    addFinal(shell, known, finalMs, { finalization, path: headers.slice(index + 1) });
  }
  settle(shell, finalization.proposal.view);
  for (const known of branch) {
    if (!isRunning(shell)) return;
    const final = present(shell.heights.get(known.point.height), 'height just made final');
    releaseShare(shell, final);
    combineShares(shell, final);
  }
}

/** The next height of the final chain. Finality overrides whatever the rules said of the block. */
export function addFinal(
  shell: Shell,
  known: KnownBlock,
  finalMs: number,
  finality: FinalHeight['finality'],
): FinalHeight {
  known.assessment = Promise.resolve(true);
  const final: FinalHeight = {
    height: known.point.height,
    known,
    finality,
    finalMs,
    reached: { beaconMs: finalMs, executedMs: finalMs, certifiedMs: finalMs },
    isShareMade: false,
    share: null,
    isCombining: false,
    beacon: null,
    result: null,
    digest: null,
    signature: null,
    certificate: null,
  };
  shell.heights.set(final.height, final);
  shell.finalTip = known.point;
  shell.options.telemetry.gauge('validator_final_height', final.height);
  return final;
}

/** What only mattered before these heights were final is forgotten. */
export function settle(shell: Shell, view: number): void {
  const { chain, fetcher, heights, finalTip } = shell;
  chain.dropForks(finalTip.height, (key) => {
    const height = chain.point(key)?.height ?? 0;
    return heights.get(height)?.known.point.key === key;
  });
  chain.settled(view);
  fetcher.settled(view);
  if (shell.head.view < finalTip.view) {
    shell.head = finalTip;
    evaluateWork(shell);
  }
}
