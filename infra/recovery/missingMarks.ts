import type { EngineState } from '../../command/engine/engineState.js';
import { genesisState } from '../../command/engine/genesisState.js';
import type { PublishableHeight } from '../../command/ports.js';
import { emptyMarksOfHeight, recordsOfHeight } from '../../command/publish/recordsOfHeight.js';
import { tipAfter } from '../../schemas/crypto/certifiedBlock.js';
import { type ChainTip, type EpochKeys, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { PUBLISH_GROUP_BYTES_MAX } from '../../schemas/limits.js';
import type { LogReader, LogRecord } from '../../schemas/log.js';
import { recordBytes } from '../../schemas/logRecords.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { newestProven } from './provenState.js';
import { type ReplayVerifiers, replayLog } from './replayLog.js';
import type { SnapshotArchive } from './snapshotArchive.js';

export interface MissingMarksOptions {
  readonly genesis: Genesis;
  readonly keys: EpochKeys;
  readonly reader: LogReader;
  readonly verifiers: ReplayVerifiers;
  /** States to begin at. Null: genesis is the only one. */
  readonly archive: SnapshotArchive | null;
  /** By partition: up to which height it is. */
  readonly complete: readonly number[];
  /** The last height of `blocks`. */
  readonly toHeight: number;
  /** Writes one group; the next is made when it is written. */
  write(records: readonly LogRecord[]): Promise<void>;
}

/**
 * The events and marks that partitions lack, made again by executing the blocks, in groups that a
 * transaction takes; the last one marks at `toHeight` every partition that is not complete up to
 * there. Resolves with that last group, which is left to be written.
 * Rejects with LogError, FileError, ReplayError.
 */
export async function missingMarks(options: MissingMarksOptions): Promise<readonly LogRecord[]> {
  const { complete, toHeight, keys, write } = options;
  const fromHeight = Math.min(...complete);
  const topics = topicNames(keys.chainId);
  let group: LogRecord[] = [];
  let sizeBytes = 0;
  if (fromHeight >= toHeight) return group;
  await replayLog({
    ...options,
    ...startBelow(options, fromHeight),
    onHeight(certified, { leaves, events }) {
      const { height } = certified.block.header;
      if (height <= fromHeight) return null;
      const publishable: PublishableHeight = { certified, leaves, events };
      const all = { height: publishable, topics, publisher: 0 };
      const made = recordsOfHeight(all);
      if (height === toHeight) made.push(...emptyMarksOfHeight(all));
      const lacks = ({ topic, partition }: LogRecord): boolean =>
        topic === topics.events && height > present(complete[partition], 'a partition');
      const records = made.filter(lacks);
      const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
      const full = group;
      const isFull = full.length > 0 && sizeBytes + bytes > PUBLISH_GROUP_BYTES_MAX;
      group = isFull ? records : [...full, ...records];
      sizeBytes = isFull ? bytes : sizeBytes + bytes;
      return isFull ? write(full) : null;
    },
    onProgress: () => undefined,
  });
  return group;
}

/** The newest proven state from which the missing heights can be executed. */
function startBelow(
  options: MissingMarksOptions,
  maxHeight: number,
): {
  readonly state: EngineState;
  readonly tip: ChainTip;
} {
  const { genesis, keys, archive, verifiers } = options;
  const proven =
    archive === null
      ? null
      : newestProven(archive, {
          ...{ genesis, keys, verifiers, maxHeight },
          onPassedOver: () => undefined,
        });
  if (proven !== null) return { state: proven.state, tip: tipAfter(proven.certified) };
  return { state: genesisState(genesis, keys.shard), tip: genesisTip(genesis, keys.shard) };
}
