import { markKey } from '../../command/publish/markKey.js';
import { encode } from '../../schemas/codec/codec.js';
import type { ChainTip, EpochKeys } from '../../schemas/crypto/epochKeys.js';
import { continuesTip, keysAfter } from '../../schemas/crypto/epochStart.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { RECOVER_TRIES_MAX } from '../../schemas/limits.js';
import type { Log, LogRecord, LogWriter } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { topicNames, writerId } from '../../schemas/topics.js';
import type { BeaconKeys, EpochStart } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { endOfLog } from './endOfLog.js';
import { missingMarks } from './missingMarks.js';
import { RecoverError } from './recoverError.js';
import type { ReplayVerifiers } from './replayLog.js';
import type { SnapshotArchive } from './snapshotArchive.js';

export interface BeginEpochOptions {
  readonly genesis: Genesis;
  /** Of all epochs so far. */
  readonly keys: EpochKeys;
  readonly log: Log;
  readonly verifiers: ReplayVerifiers;
  readonly archive: SnapshotArchive | null;
  /** Replayed from the log, up to its end. */
  readonly folder: string;
  /** Signed by recovery keys. */
  readonly start: EpochStart;
}

/** The start of the next epoch behind a tip, without signatures. */
export function proposeEpoch(
  keys: EpochKeys,
  tip: ChainTip,
  validators: readonly Uint8Array[],
  beaconKeys: BeaconKeys,
): EpochStart {
  const { chainId, shard } = keys;
  return {
    ...{ chainId, shard, epoch: keys.epoch + 1, firstHeight: tip.height + 1 },
    previousBlockDigest: tip.blockDigest,
    previousResultDigest: tip.resultDigest,
    previousSeed: tip.seed,
    ...{ validators, beaconKeys },
    proof: { kind: 'RecoverySignatures', signatures: [] },
  };
}

/** One copy in `blocks`, and one in every events partition. */
function startRecords(
  start: EpochStart,
  eventPartitions: number,
  timestampMs: number,
): readonly LogRecord[] {
  const { blocks, events } = topicNames(start.chainId);
  const body = { kind: 'EpochStart', ...start } as const;
  const value = encode('EventsRecord', { body });
  return [
    {
      ...{ topic: blocks, partition: start.shard, key: uint32(start.shard), timestampMs },
      value: encode('BlocksRecord', { body }),
    },
    ...Array.from({ length: eventPartitions }, (_, partition) => {
      return { topic: events, partition, key: markKey(0), value, timestampMs };
    }),
  ];
}

/**
 * Has an epoch begin behind the last height of the log, after the loss of all validators: fences
 * whoever may still publish, writes what events and marks lack up to that height, and in the last
 * transaction the start of the epoch. Done again after a failure it does nothing twice that a
 * reader would count. Resolves with the keys from now on.
 * Rejects with LogError, FileError, ReplayError, RecoverError.
 */
export async function beginEpoch(options: BeginEpochOptions): Promise<EpochKeys> {
  const { keys, log, start, verifiers } = options;
  const next = keysAfter(keys, start, verifiers.signatures);
  if (next === null) {
    const { threshold } = keys.recoveryKeys;
    const what = `it needs ${threshold} signatures of genesis' recovery keys`;
    throw new RecoverError('unproven', `no start of epoch ${keys.epoch + 1}: ${what}`);
  }
  for (let left = RECOVER_TRIES_MAX; ; left--) {
    const writer = await log.openWriter(writerId(keys.chainId, keys.shard));
    try {
      await append(options, next, writer);
      return next;
    } catch (error) {
      if (!(error instanceof LogError && error.code === 'fenced')) throw error;
      if (left > 1) continue;
      const what = 'somebody else goes on writing it: stop the validators that still run';
      throw new RecoverError('contested', `the log: ${what}`);
    } finally {
      await writer.close().catch(onlyOutside);
    }
  }
}

/** A writer that was fenced, or whose log is away, has nothing left to close. */
function onlyOutside(error: unknown): void {
  if (!(error instanceof LogError)) throw error;
}

async function append(
  options: BeginEpochOptions,
  next: EpochKeys,
  writer: LogWriter,
): Promise<void> {
  const { genesis, log, start } = options;
  // Only now nobody else can write: what stands in the log now is what there is.
  const { tip, heights, successor } = await endOfLog(options);
  if (successor !== null) {
    throw new RecoverError('outdated', `epoch ${successor.epoch} has begun already`);
  }
  if (heights.blocks !== tip.height || !continuesTip(next, tip)) {
    const what = `it continues height ${start.firstHeight - 1}, the log ends at ${heights.blocks}`;
    throw new RecoverError('outdated', `propose the epoch again: ${what}`);
  }
  const most = Math.max(...heights.byPartition);
  if (most > heights.blocks) {
    const what = `events are proven up to ${most}, blocks to ${heights.blocks}`;
    throw new RecoverError('block-missing', `${what}: readers that went on could not go back`);
  }
  const last = await missingMarks({
    ...options,
    reader: log.reader,
    complete: heights.byPartition,
    toHeight: tip.height,
    write: (records) => writer.append(records),
  });
  const records = startRecords(start, genesis.eventPartitions, tip.timestampMs);
  await writer.append([...last, ...records]);
}
