import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import type { ExecutedBlock } from '../../command/engine/executedBlock.js';
import { DeferredBeacons } from '../../projections/runner/deferredBeacons.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { ChainTip, EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { LogBatch, LogReader } from '../../schemas/log.js';
import type { BlocksFollower } from '../../schemas/reading/blocksFollower.js';
import { topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import { type LogProgress, type LogReading, openLogReading } from '../verify/logReading.js';
import { engineOf } from './engineOf.js';
import { findHeight } from './findHeight.js';

/** The log does not lead from a state to the certified ones behind it. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly retriable = false;

  constructor(
    readonly code: /** A height is not in the log, and later ones are. */
      | 'hole'
      /** A quorum certified two histories, or a beacon that its group did not sign. */
      | 'conflict'
      /** Execution gives another result than the certified one. */
      | 'diverged',
    message: string,
  ) {
    super(message);
  }
}

/** Those of a reader, with beacons verified many at once too. */
export interface ReplayVerifiers extends Verifiers {
  readonly beacon: Verifiers['beacon'] & BatchVerifier;
}

export interface ReplayOptions {
  readonly keys: EpochKeys;
  readonly reader: LogReader;
  readonly verifiers: ReplayVerifiers;
  /** Changed in place: the state after `tip`. */
  readonly state: EngineState;
  readonly tip: ChainTip;
  /** After each height; the next one waits for it. */
  onHeight(certified: CertifiedBlock, executed: ExecutedBlock): Promise<void> | null;
  onProgress(progress: LogProgress): void;
}

/**
 * Executes the certified heights behind a state, from the log, up to its end as it is at the start,
 * and compares every root with the certified one. What lies before the state is not read, unless
 * the log misleads about its place: at worst, by many heights written again at its end, a replay
 * ends early, at a proven state. Returns how many commands were executed.
 * @throws LogError, ReplayError, EngineVersionError
 */
export async function replayLog(options: ReplayOptions): Promise<number> {
  const { keys, reader, tip, verifiers } = options;
  const { shard } = keys;
  const topic = topicNames(keys.chainId).blocks;
  const place = await findHeight(reader, topic, shard, tip.height);
  const { first } = place;
  const beacons = new DeferredBeacons(verifiers.beacon);
  const follower = beacons.follow({ keys, tip, signatures: verifiers.signatures });
  let commands = 0;
  for (const from of place.offset === first ? [first] : [place.offset, first]) {
    const reading = await openLogReading(reader, topic, [shard], () => ({ from }));
    try {
      const isAll = await follow(reading, from === first);
      if (isAll && follower.tip.height >= place.highest) break;
    } finally {
      await reading.close();
    }
  }
  return commands;

  /** False at a hole, behind a place that was only looked up. */
  async function follow(reading: LogReading, isWhole: boolean): Promise<boolean> {
    for (let batch = await reading.next(); batch !== null; batch = await reading.next()) {
      const { accepted, end } = acceptedOf(follower, batch.records);
      beacons.verify();
      const wrong = await beacons.settled();
      if (wrong !== null) {
        throw new ReplayError('conflict', `the certified beacon of ${wrong} is not its group's`);
      }
      for (const certified of accepted) {
        const executed = execute(options.state, certified);
        commands += executed.receipts.length;
        const wait = options.onHeight(certified, executed);
        if (wait !== null) await wait;
      }
      if (end?.code === 'hole' && !isWhole) return false;
      if (end !== null) throw end;
      const share = reading.read() / Math.max(1, reading.offsets);
      options.onProgress({ height: follower.tip.height, commands, share });
    }
    return true;
  }
}

/** The next heights among some records, and why what comes behind them is of no use. */
function acceptedOf(
  follower: BlocksFollower,
  records: LogBatch['records'],
): { readonly accepted: readonly CertifiedBlock[]; readonly end: ReplayError | null } {
  const accepted: CertifiedBlock[] = [];
  for (const { value } of records) {
    const outcome = follower.read(value);
    if (outcome.kind === 'accepted') accepted.push(outcome.certified);
    if (outcome.kind === 'conflict') {
      return { accepted, end: new ReplayError('conflict', outcome.message) };
    }
    if (outcome.kind === 'hole') {
      const missing = follower.tip.height + 1;
      const words = `height ${outcome.height} is in the log, and height ${missing} is not`;
      return { accepted, end: new ReplayError('hole', words) };
    }
  }
  return { accepted, end: null };
}

function execute(state: EngineState, { block, certificate }: CertifiedBlock): ExecutedBlock {
  const { result } = certificate;
  const executed = executeBlock(state, block, result.seed, { engine: engineOf(result) });
  for (const root of ['stateRoot', 'eventsRoot'] as const) {
    if (equalBytes(executed[root], result[root])) continue;
    throw new ReplayError('diverged', `height ${result.height}: execution gives another ${root}`);
  }
  return executed;
}
