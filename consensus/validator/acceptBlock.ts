import { blockDigest } from '../../schemas/crypto/digests.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import { UNSOLICITED_BLOCKS_MAX, UNSOLICITED_VIEWS_AHEAD } from '../../schemas/limits.js';
import type { Block, BlockHeader } from '../../schemas/types/block.js';
import { leaderOf } from '../core/leader.js';
import { assessBlock } from './assessBlock.js';
import { type KnownBlock, knownBlock } from './chain.js';
import { mutePeer } from './mutePeer.js';
import { addBlock } from './obtainBlock.js';
import { guard, type Shell } from './shell.js';

/**
 * Blocks that were not asked for come from leaders only, for their own views, and not without end.
 */
function isWelcome(shell: Shell, from: number, header: BlockHeader): boolean {
  const { keys, chain, core, finalTip } = shell;
  const leader = leaderOf(keys.epoch, header.view, keys.validators.length);
  if (header.proposer !== from || leader !== from) return false;
  if (header.view <= finalTip.view) return false;
  if (header.view > core.view + UNSOLICITED_VIEWS_AHEAD) return false;
  // One for the honest leader, one more as a proof of equivocation to whom it was proposed.
  if (chain.countOfView(header.view) >= 2) return false;
  return chain.size() - shell.heights.size < UNSOLICITED_BLOCKS_MAX;
}

/** A block from a peer: kept when it was asked for or is its sender's proposal. */
export function onBlock(shell: Shell, from: number, block: Block): void {
  const { header } = block;
  const { keys, chain, fetcher } = shell;
  const here = equalBytes(header.chainId, keys.chainId) && header.shard === keys.shard;
  if (!here || header.epoch !== keys.epoch) return;
  const digest = blockDigest(header);
  const key = toHex(digest);
  if (chain.get(key) !== null || header.height <= chain.root().height) return;
  if (!fetcher.wanted(key) && !isWelcome(shell, from, header)) return;
  const known = knownBlock(block, digest);
  if (known === null) {
    mutePeer(shell, from, 'items of a block do not match its header');
    return;
  }
  addBlock(shell, known);
  assessEarly(shell, known);
}

/**
 * Bytes are here before the leader's vote for them is: they are checked and written meanwhile. Only
 * on a known parent, so that nobody is asked for anything before somebody has signed for it.
 */
function assessEarly(shell: Shell, known: KnownBlock): void {
  if (known.point.view < shell.core.view || shell.chain.point(known.parentKey) === null) return;
  guard(shell, assessBlock(shell, known));
}
