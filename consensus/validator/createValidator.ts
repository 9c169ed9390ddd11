import { assert } from '../../schemas/kernel/assert.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { BLOCK_REQUESTS_MAX, VALIDATOR_TICK_MS } from '../../schemas/limits.js';
import { type BlockFetcher, createBlockFetcher } from '../sync/blockFetcher.js';
import { type CatchUp, createCatchUp } from '../sync/catchUp.js';
import { createHeightRequests, type HeightRequests } from '../sync/heightRequests.js';
import { adoptCertified } from './adoptCertified.js';
import { createRequestBudget } from './answerRequest.js';
import { createDrain, type Drain } from './drain.js';
import { evaluateWork, workMayHaveCome } from './evaluateWork.js';
import { extendFinal } from './extendFinal.js';
import { mutePeer } from './mutePeer.js';
import { onMessage } from './onMessage.js';
import type { Validator, ValidatorOptions, ValidatorStatus } from './options.js';
import { recover } from './recover.js';
import { createShell, halt, isRunning, type Shell } from './shell.js';

/**
 * One validator of one shard: consensus, beacon, results and sync around the core, over ports.
 * Holds no timer, socket or file of its own. Throws only for options that cannot be.
 */
export function createValidator(options: ValidatorOptions): Validator {
  const { keys, self, signer, transport } = options;
  const own = keys.validators[self];
  assert(own !== undefined, `validator ${self} is not in epoch ${keys.epoch}`);
  assert(equalBytes(own, signer.publicKey), `the key of validator ${self} is another`);
  assert(keys.validators.length <= BLOCK_REQUESTS_MAX, 'too many validators');
  const drain: Drain = createDrain(() => shell);
  const shell: Shell = createShell(options, {
    fetcher: createFetcher(options),
    catchUp: createFollower(options, () => shell),
    push: (work) => drain.push(work),
  });
  const heightRequests = createHeightRequests();
  const budget = createRequestBudget();
  let cancelTick = (): void => {};
  transport.onMessage((from, message) => onMessage(shell, budget, from, message));

  function tick(): void {
    if (!isRunning(shell)) return;
    lookForOverdue(shell, heightRequests);
    cancelTick = options.timer.after(VALIDATOR_TICK_MS, tick);
  }

  return {
    async start() {
      assert(shell.state === 'starting', 'a validator is started once');
      await recover(shell);
      if (shell.state !== 'starting') return;
      shell.state = 'running';
      drain.push((nowMs) => ({ kind: 'started', nowMs }));
      evaluateWork(shell);
      extendFinal(shell);
      tick();
    },
    async stop() {
      if (shell.halt === null) shell.state = 'stopped';
      cancelTick();
      drain.stop();
      for (const waiter of shell.certifiedWaiters.splice(0)) waiter.tell();
      await drain.idle();
      await shell.certifying;
    },
    workChanged: () => workMayHaveCome(shell),
    supersede(epoch) {
      const { height } = shell.tip;
      halt(shell, 'superseded', height, `recovery keys have begun epoch ${epoch} without it`);
    },
    status: () => statusOf(shell),
  };
}

function createFetcher({ transport, timer }: ValidatorOptions): BlockFetcher {
  return createBlockFetcher({
    request: (peer, digest) => transport.send(peer, { kind: 'BlockRequest', digest }),
    connected: () => transport.connected(),
    nowMs: () => timer.nowMs(),
  });
}

function createFollower({ transport, timer }: ValidatorOptions, shell: () => Shell): CatchUp {
  return createCatchUp({
    request: (peer, fromHeight, count) =>
      transport.send(peer, { kind: 'CertifiedRequest', fromHeight, count }),
    connected: () => transport.connected(),
    nowMs: () => timer.nowMs(),
    certifiedHeight: () => shell().tip.height,
    adopt: (blocks) => adoptCertified(shell(), blocks),
    blame: (peer) => mutePeer(shell(), peer, 'catch-up answer that does not verify'),
  });
}

/** Whatever was asked for and did not come, and whatever a final height still lacks. */
function lookForOverdue(shell: Shell, heightRequests: HeightRequests): void {
  shell.fetcher.tick();
  shell.catchUp.tick();
  extendFinal(shell);
  const { timer, transport, telemetry } = shell.options;
  for (const height of heightRequests.due(timer.nowMs(), incomplete(shell))) {
    telemetry.count('validator_height_requests_total', 1);
    transport.broadcast({ kind: 'HeightRequest', height });
  }
}

/** Final heights that lack their seed or their certificate, lowest first. */
function* incomplete(
  shell: Shell,
): Iterable<{ readonly height: number; readonly finalMs: number }> {
  for (let height = shell.tip.height + 1; height <= shell.finalTip.height; height++) {
    const final = shell.heights.get(height);
    if (final === undefined) return;
    if (final.beacon === null || final.certificate === null) yield final;
  }
}

function statusOf(shell: Shell): ValidatorStatus {
  return {
    state: shell.state,
    halt: shell.halt,
    signing: shell.signing && shell.halt === null,
    view: shell.core.view,
    finalHeight: shell.finalTip.height,
    executedHeight: shell.executed.height,
    certifiedHeight: shell.tip.height,
    caughtUp: shell.keys.validators.length === 1 || shell.catchUp.isLevel(),
  };
}
