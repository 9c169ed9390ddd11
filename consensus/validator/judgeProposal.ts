import { equalBytes } from '../../schemas/kernel/bytes.js';
import { EARLY_BLOCK_WAIT_MS_MAX } from '../../schemas/limits.js';
import type { BlockHeader } from '../../schemas/types/block.js';
import type { Proposal } from '../core/messages.js';
import type { Output } from '../core/output.js';
import { assessBlock, storeBlock } from './assessBlock.js';
import type { KnownBlock } from './chain.js';
import { moveHead } from './evaluateWork.js';
import { obtainBlock } from './obtainBlock.js';
import { isRunning, type Shell } from './shell.js';

type Verify = Extract<Output, { kind: 'verify' }>;

/**
 * Before our notarize vote: the proposal is about this block on that parent, the block is valid,
 * and it is not early. Early and missing wait without an answer; only invalid is "no".
 */
export async function verifyProposal(shell: Shell, order: Verify): Promise<void> {
  const { proposal, parentPayload, from } = order;
  const known = await obtainBlock(shell, proposal.payload, proposal.view, from);
  const { header } = known.block;
  const about = isAbout(header, proposal) && equalBytes(header.parent, parentPayload);
  const valid = about && (await assessBlock(shell, known));
  const answer = (): void => shell.push((nowMs) => ({ kind: 'verified', nowMs, proposal, valid }));
  if (valid) whenNotEarly(shell, header, answer);
  else answer();
}

/**
 * Once notarized: the block is valid (the same answer everywhere) and its bytes are on disk. What
 * the next block can be built of is told first, so that the core paces by it.
 */
export async function certifyProposal(shell: Shell, proposal: Proposal): Promise<void> {
  const known = await obtainBlock(shell, proposal.payload, proposal.view, null);
  const about = isAbout(known.block.header, proposal);
  const sound = about && (await assessBlock(shell, known));
  const valid = sound && isParentAt(shell, known, proposal.parentView);
  if (valid) {
    await storeBlock(shell, known);
    moveHead(shell, known.point);
  }
  shell.push((nowMs) => ({ kind: 'certified', nowMs, proposal, valid }));
}

function isAbout(header: BlockHeader, proposal: Proposal): boolean {
  return header.epoch === proposal.epoch && header.view === proposal.view;
}

/** The parent, at hand once the block is assessed unless all of this is settled already. */
function isParentAt(shell: Shell, known: KnownBlock, view: number): boolean {
  const parent = shell.chain.point(known.parentKey);
  return parent === null || parent.view === view;
}

/** Runs at once unless the block's time is ahead of our clock by more than the allowed drift. */
function whenNotEarly(shell: Shell, header: BlockHeader, run: () => void): void {
  if (!isRunning(shell)) return;
  const { timer, telemetry } = shell.options;
  const { maxTimestampDriftMs } = shell.context.limits;
  const earlyMs = header.timestampMs - maxTimestampDriftMs - timer.unixMs();
  if (earlyMs <= 0) {
    run();
    return;
  }
  telemetry.count('validator_early_blocks_total', 1);
  // Later than this the view is long over; no answer is the right one.
  if (earlyMs > EARLY_BLOCK_WAIT_MS_MAX) return;
  timer.after(earlyMs, () => whenNotEarly(shell, header, run));
}
