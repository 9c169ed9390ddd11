import { decode } from '../../schemas/codec/codec.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { blockDigest, resultDigest } from '../../schemas/crypto/digests.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import {
  CATCH_UP_BLOCKS_MAX,
  CATCH_UP_BYTES_MAX,
  CERTIFIED_DIGESTS_KEPT,
} from '../../schemas/limits.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { step } from '../core/step.js';
import { chainPoint, createChain, knownBlock } from './chain.js';
import { executeBlock } from './executeHeights.js';
import { haltIfOutdated, noteCertificate } from './heightResult.js';
import { halt, rememberCertified, type Shell, startPoint } from './shell.js';
import { createValidatorCore } from './validatorCore.js';
import { recordOfStored } from './wireForms.js';

/**
 * Brings everything to where it was: the tip from the store, the application by executing what its
 * snapshot lacks, pending blocks, and the core from the journal. Own data on disk is trusted, but
 * for one thing: the application must come to the certified results again.
 */
export async function recover(shell: Shell): Promise<void> {
  const { store, application } = shell.options;
  const height = store.certifiedHeight();
  assert(height >= shell.keys.firstHeight - 1, 'the store holds all of earlier epochs');
  assert(application.height() <= height, 'the application is not ahead of the block store');
  const tip = await certifiedAt(shell, height);
  await replayApplication(shell, height);
  if (shell.halt !== null) return;
  if (tip !== null) restoreTip(shell, tip);
  await restoreDigests(shell, height);
  restorePending(shell);
  shell.signing = maySignHere(shell);
  const { continues } = shell.keys;
  const floor = isEpochs(shell, height) ? tip?.finality.finalization : undefined;
  shell.core = createValidatorCore(shell, continues.blockDigest, floor ?? null);
  for await (const bytes of shell.options.journal.replay()) {
    const record = decode('JournalRecord', bytes);
    assert(record.ok, 'a journal entry that passed its checksum decodes');
    step(shell.core, { kind: 'recordReplayed', record: recordOfStored(record.value) });
  }
  shell.finalTarget = shell.core.finalization ?? shell.core.config.floor;
}

/** Whether a height was certified in the epoch that goes on, and not before it. */
function isEpochs({ keys }: Shell, height: number): boolean {
  return height >= keys.firstHeight;
}

/** A journal that was just created has forgotten what this key signed, unless it never did. */
function maySignHere(shell: Shell): boolean {
  const { journal, firstStart, telemetry } = shell.options;
  if (!journal.created) return true;
  const fresh = firstStart && !isEpochs(shell, shell.tip.height) && shell.chain.size() === 0;
  if (!fresh) telemetry.log('error', 'journal lost: no signing in this epoch', {});
  return fresh;
}

async function certifiedAt(shell: Shell, height: number): Promise<CertifiedBlock | null> {
  if (height === 0) return null;
  const [certified] = await shell.options.store.certifiedBlocks(height, 1, 1);
  return present(certified, `certified block ${height}`);
}

function restoreTip(shell: Shell, tip: CertifiedBlock): void {
  const { header } = tip.block;
  const isOwn = isEpochs(shell, header.height);
  shell.tip = tipAfter(tip);
  const point = isOwn
    ? chainPoint(header, tip.certificate.result.blockDigest)
    : startPoint(shell.tip);
  shell.chain = createChain(point);
  shell.finalTip = point;
  shell.head = point;
  if (isOwn) noteCertificate(shell, tip.certificate);
}

async function restoreDigests(shell: Shell, height: number): Promise<void> {
  const { store } = shell.options;
  let next = Math.max(store.firstHeight(), height - CERTIFIED_DIGESTS_KEPT + 1);
  while (next <= height) {
    const blocks = await nextBlocks(shell, next);
    for (const { certificate } of blocks) {
      rememberCertified(shell, next++, certificate.result.blockDigest);
    }
  }
}

async function nextBlocks(shell: Shell, from: number): Promise<readonly CertifiedBlock[]> {
  const { store } = shell.options;
  const blocks = await store.certifiedBlocks(from, CATCH_UP_BLOCKS_MAX, CATCH_UP_BYTES_MAX);
  assert(blocks.length > 0, `certified block ${from} is on disk`);
  return blocks;
}

function restorePending(shell: Shell): void {
  for (const block of shell.options.store.pending()) {
    const { height, epoch } = block.header;
    if (height <= shell.tip.height || epoch !== shell.keys.epoch) continue;
    const known = knownBlock(block, blockDigest(block.header));
    if (known === null) continue;
    known.stored = Promise.resolve();
    shell.chain.add(known);
  }
}

/** Executes from the application's snapshot up to the tip, comparing with every certificate. */
async function replayApplication(shell: Shell, height: number): Promise<void> {
  const { application } = shell.options;
  const start = await certifiedAt(shell, application.height());
  if (start !== null) shell.executed = tipAfter(start);
  while (application.height() < height && shell.halt === null) {
    for (const certified of await nextBlocks(shell, application.height() + 1)) {
      replayHeight(shell, certified);
      if (shell.halt !== null) return;
    }
  }
}

function replayHeight(shell: Shell, certified: CertifiedBlock): void {
  const { result: made } = certified.certificate;
  const { blockDigest: digest, seed, height } = made;
  if (haltIfOutdated(shell, made)) return;
  const own = resultDigest(executeBlock(shell, certified.block, digest, seed, made));
  if (!equalBytes(own, resultDigest(made))) {
    halt(shell, 'diverged', height, 'replay gives another result than the certified one');
    return;
  }
  shell.executed = { height, seed, resultDigest: own };
  shell.options.application.certified(certified);
}
