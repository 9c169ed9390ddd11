import { nextSeed, resultDigest, resultMessage } from '../../schemas/crypto/digests.js';
import { assert } from '../../schemas/kernel/assert.js';
import type { Block, Result } from '../../schemas/types/block.js';
import { evaluateWork } from './evaluateWork.js';
import { certifyResult, haltIfOutdated, setCertificate } from './heightResult.js';
import { type FinalHeight, isRunning, type Shell } from './shell.js';

/**
 * Executes the next height if its seed is known, and goes on at the next opportunity: one height at
 * a time, so that votes are not kept waiting behind a backlog.
 */
export function executeNext(shell: Shell): void {
  if (!isRunning(shell)) return;
  const final = shell.heights.get(shell.executed.height + 1);
  if (final === undefined || final.beacon === null) return;
  executeHeight(shell, final, final.beacon);
  const next = shell.heights.get(shell.executed.height + 1);
  if (isRunning(shell) && next !== undefined && next.beacon !== null) {
    shell.options.timer.after(0, () => executeNext(shell));
  }
}

function executeHeight(shell: Shell, final: FinalHeight, beacon: Uint8Array): void {
  const { timer, telemetry } = shell.options;
  const startMs = timer.nowMs();
  const seed = nextSeed(shell.executed.seed, beacon, final.known.point.digest);
  const madeBy = final.certificate?.result ?? null;
  if (madeBy !== null && haltIfOutdated(shell, madeBy)) return;
  const { block, point } = final.known;
  const result = executeBlock(shell, block, point.digest, seed, madeBy);
  const digest = resultDigest(result);
  final.result = result;
  final.digest = digest;
  shell.executed = { height: final.height, seed, resultDigest: digest };
  final.reached.executedMs = timer.nowMs();
  shell.deafMs += final.reached.executedMs - startMs;
  telemetry.observe('validator_execute_ms', final.reached.executedMs - startMs);
  telemetry.gauge('validator_executed_height', final.height);
  if (final.certificate !== null) {
    setCertificate(shell, final, final.certificate);
  } else {
    if (shell.signing) signResult(shell, final, digest);
    certifyResult(shell, final);
  }
  evaluateWork(shell);
}

function signResult(shell: Shell, final: FinalHeight, digest: Uint8Array): void {
  const { signer, self, transport } = shell.options;
  const message = resultMessage(digest);
  const signature = signer.sign(message);
  final.signature = signature;
  shell.verifier.remember(signer.publicKey, message, signature);
  shell.results.add(final.height, self, digest, signature);
  const { height } = final;
  const { epoch } = shell.keys;
  const kind = 'ResultSignatureMessage';
  transport.broadcast({ kind, epoch, height, resultDigest: digest, signer: self, signature });
}

/**
 * Runs the application on the next height of `shell.executed` and says what it commits to.
 * `certified`: what a quorum said of it, if it has.
 */
export function executeBlock(
  shell: Shell,
  block: Block,
  blockDigest: Uint8Array,
  seed: Uint8Array,
  certified: Result | null,
): Result {
  const { application } = shell.options;
  const { chainId, epoch, shard } = shell.keys;
  const { height } = block.header;
  assert(application.height() === height - 1, 'the application executes height by height');
  const roots = application.execute(block, seed, certified?.engineVersion ?? null);
  assert(application.height() === height, 'the application has executed the height');
  return {
    chainId,
    epoch,
    shard,
    height,
    blockDigest,
    previousResultDigest: shell.executed.resultDigest,
    seed,
    stateRoot: roots.stateRoot,
    eventsRoot: roots.eventsRoot,
    outboxRoots: roots.outboxRoots,
    engineVersion: roots.engineVersion,
  };
}
