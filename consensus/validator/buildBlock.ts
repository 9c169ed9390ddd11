import { blockDigest } from '../../schemas/crypto/digests.js';
import { merkleRoot } from '../../schemas/crypto/merkle.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { BlockHeader } from '../../schemas/types/block.js';
import type { Output } from '../core/output.js';
import { storeBlock } from './assessBlock.js';
import { type ChainPoint, ownBlock, unexecutedItems } from './chain.js';
import { addBlock, obtainBlock } from './obtainBlock.js';
import { isRunning, type Shell } from './shell.js';

type Propose = Extract<Output, { kind: 'propose' }>;

/**
 * Builds the block of our view, sends its bytes and tells the core. The bytes may leave before
 * anything is durable: without votes they mean nothing. When the parent's bytes are missing (we
 * were carried here by certificates) they are fetched first; too late is the core's business.
 */
export async function buildBlock(shell: Shell, order: Propose): Promise<void> {
  const parentKey = toHex(order.parentPayload);
  if (shell.chain.point(parentKey) === null) {
    await obtainBlock(shell, order.parentPayload, order.view, null);
  }
  const parent = shell.chain.point(parentKey);
  if (parent === null || !isRunning(shell) || shell.core.view !== order.view) return;
  const { view } = order;
  if (shell.chain.branch(parentKey, shell.options.application.height()) === null) {
    // Executed and unexecuted cannot be told apart across a hole: leave the view to the next
    // leader.
    shell.push((nowMs) => ({ kind: 'proposalUnavailable', nowMs, view }));
    return;
  }
  const { header, items } = assemble(shell, order, parent);
  const digest = blockDigest(header);
  const block = { header, items };
  const known = ownBlock(block, digest);
  storeBlock(shell, known);
  shell.options.transport.broadcast({ kind: 'BlockMessage', block, parentView: order.parentView });
  addBlock(shell, known);
  shell.push((nowMs) => ({ kind: 'proposalBuilt', nowMs, view, payload: digest }));
}

function assemble(shell: Shell, order: Propose, parent: ChainPoint) {
  const { keys, context, options, chain } = shell;
  const height = parent.height + 1;
  const timestampMs = Math.max(parent.timestampMs + 1, options.timer.unixMs());
  const { executed, certificateItems } = pointer(shell, parent);
  const throttled = height - executed.height > context.limits.maxExecutionLag;
  const { maxBlockBytes, maxBlockCommands } = context.limits;
  const taken = certificateItems[0]?.length ?? 0;
  const envelopes = throttled
    ? []
    : options.application.propose({
        unexecutedItems: unexecutedItems(chain, parent.key, options.application.height()),
        timestampMs,
        maxBytes: maxBlockBytes - taken,
        maxCommands: maxBlockCommands,
      });
  const items = [...certificateItems, ...envelopes];
  const header: BlockHeader = {
    chainId: keys.chainId,
    shard: keys.shard,
    epoch: keys.epoch,
    view: order.view,
    height,
    parent: parent.digest,
    timestampMs,
    proposer: options.self,
    sealsBeacon: true,
    itemsRoot: merkleRoot(items),
    executed,
  };
  return { header, items };
}

/** The newest certificate rides along when it is about an ancestor and news to the branch. */
function pointer(shell: Shell, parent: ChainPoint) {
  const { certificate } = shell;
  const height = certificate?.value.result.height ?? 0;
  if (certificate === null || height <= parent.executed.height || height > parent.height) {
    return { executed: parent.executed, certificateItems: [] };
  }
  const { digest: resultDigest, bytes } = certificate;
  return { executed: { height, resultDigest }, certificateItems: [bytes] };
}
