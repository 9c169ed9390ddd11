import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { ResultCertificate } from '../../schemas/types/block.js';
import {
  type BlockFault,
  blockContents,
  executedFault,
  headerFault,
  itemsFault,
} from './blockRules.js';
import type { ChainPoint, KnownBlock } from './chain.js';
import { obtainBlock } from './obtainBlock.js';
import { guard, type Shell } from './shell.js';

/**
 * Whether the block is valid, the same answer on every validator; asked once, remembered. Resolves
 * late or never while bytes are missing: that is never "invalid". Ancestors are assessed first,
 * back to the root.
 */
export function assessBlock(shell: Shell, known: KnownBlock): Promise<boolean> {
  known.assessment ??= assess(shell, known);
  return known.assessment;
}

/** The block's bytes on disk; started once, at the latest when it is about to be certified. */
export function storeBlock(shell: Shell, known: KnownBlock): Promise<void> {
  if (known.stored === null) {
    known.stored = shell.options.store.putPending(known.point.digest, known.block);
    guard(shell, known.stored);
  }
  return known.stored;
}

async function assess(shell: Shell, known: KnownBlock): Promise<boolean> {
  const fault = await blockFault(shell, known);
  if (fault === null) return true;
  const { height, view, proposer } = known.block.header;
  shell.options.telemetry.count('validator_invalid_blocks_total', 1);
  shell.options.telemetry.log('warn', 'invalid block', { height, view, proposer, fault });
  return false;
}

async function blockFault(shell: Shell, known: KnownBlock): Promise<BlockFault | null> {
  const { block } = known;
  const { header } = block;
  const parent = await validParent(shell, known);
  if (parent === null) return 'invalid parent';
  const contents = blockContents(block.items);
  const fault =
    headerFault(header, parent, shell.context) ??
    itemsFault(block, contents, shell.context) ??
    executedFault(header, parent, contents.certificate, shell.context, shell.verifier);
  if (fault !== null) return fault;
  // The disk works while signatures are checked: both are needed before the block is certified.
  storeBlock(shell, known);
  const wrong = await certificateFault(shell, known, contents.certificate);
  if (wrong !== null) return wrong;
  if (contents.envelopes.length > 0) {
    const good = await shell.options.application.verifyItems(contents.envelopes, header);
    if (!good) return 'bad envelopes';
  }
  return null;
}

async function validParent(shell: Shell, known: KnownBlock): Promise<ChainPoint | null> {
  const root = shell.chain.root();
  if (known.parentKey === root.key) return root;
  const { parent, view } = known.block.header;
  const parentBlock = await obtainBlock(shell, parent, view, null);
  return (await assessBlock(shell, parentBlock)) ? parentBlock.point : null;
}

/** The carried certificate is about the ancestor at its height, not about another fork. */
async function certificateFault(
  shell: Shell,
  known: KnownBlock,
  certificate: ResultCertificate | null,
): Promise<BlockFault | null> {
  if (certificate === null) return null;
  const digest = await ancestorDigest(shell, known, certificate.result.height);
  return equalBytes(digest, certificate.result.blockDigest) ? null : 'certificate of another block';
}

async function ancestorDigest(
  shell: Shell,
  known: KnownBlock,
  height: number,
): Promise<Uint8Array> {
  let key = known.parentKey;
  for (;;) {
    const ancestor = shell.chain.get(key);
    if (ancestor === null || ancestor.point.height < height) break;
    if (ancestor.point.height === height) return ancestor.point.digest;
    key = ancestor.parentKey;
  }
  return certifiedDigest(shell, height);
}

/** Digest of the certified block at a height, from memory or disk. */
async function certifiedDigest(shell: Shell, height: number): Promise<Uint8Array> {
  const kept = shell.certifiedDigests.get(height);
  if (kept !== undefined) return kept;
  const [certified] = await shell.options.store.certifiedBlocks(height, 1, 1);
  return certified?.certificate.result.blockDigest ?? new Uint8Array(0);
}
