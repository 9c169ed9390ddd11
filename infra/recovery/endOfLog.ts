import type { HeightSource } from '../../command/ports.js';
import { followLog } from '../../command/publish/followLog.js';
import type { ProgressHeights } from '../../command/publish/logProgress.js';
import { tipAfter, type Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import { type ChainTip, type EpochKeys, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import { MAX_FRAME_BYTES, PUBLISH_TAIL_TIMEOUT_MS } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { openFileBlockStore } from '../files/fileBlockStore.js';
import { systemTimer } from '../validator/systemTimer.js';
import { validatorPaths } from './validatorFolder.js';

/** Finding the end of a log, and reading it. */
const FOLLOW_TIMEOUT_MS = 4 * PUBLISH_TAIL_TIMEOUT_MS;

/** Where a log ends by the reader's rule. */
export interface EndOfLog {
  readonly tip: ChainTip;
  /** Of all partitions: what each reader of `blocks` and of every events partition gets to. */
  readonly heights: ProgressHeights;
  /** An epoch that has begun behind it already; null while none has. */
  readonly successor: EpochKeys | null;
}

/**
 * Where a log ends that `folder` was replayed from. The log's own end is read again, so that this
 * is true of it as it is now. Rejects with LogError, FileError.
 */
export async function endOfLog(options: {
  readonly genesis: Genesis;
  readonly keys: EpochKeys;
  readonly log: Log;
  readonly verifiers: Verifiers;
  readonly folder: string;
}): Promise<EndOfLog> {
  const { genesis, keys, log, verifiers, folder } = options;
  const { chainId, shard } = keys;
  const store = await openFileBlockStore(validatorPaths(folder).blocks);
  try {
    const height = store.certifiedHeight();
    const at = async (wanted: number): Promise<CertifiedBlock | null> =>
      (await store.certifiedBlocks(wanted, 1, MAX_FRAME_BYTES))[0] ?? null;
    const source: HeightSource = {
      certifiedTip: () => height,
      async tip(wanted) {
        if (wanted === 0) return genesisTip(genesis, shard);
        const certified = wanted < store.firstHeight() ? null : await at(wanted);
        return certified === null ? null : tipAfter(certified);
      },
      recent: () => null,
      height: async () => null,
    };
    let news = (): void => undefined;
    let trouble = 'it was not read in time';
    const silent = () => undefined;
    const follower = followLog({
      ...{ keys, log, verifiers, source, topics: topicNames(chainId), timer: systemTimer() },
      manifest: topicManifest(chainId, genesis.shards, genesis.eventPartitions),
      eventPartitions: genesis.eventPartitions,
      telemetry: {
        ...{ count: silent, gauge: silent, observe: silent },
        log(level, message, details) {
          if (level === 'warn') trouble = `${message}: ${JSON.stringify(details)}`;
        },
      },
      onNews: () => news(),
    });
    try {
      const isFollowing = await new Promise<boolean>((resolve) => {
        const late = setTimeout(() => resolve(false), FOLLOW_TIMEOUT_MS);
        news = () => {
          if (!follower.isFollowing) return;
          clearTimeout(late);
          resolve(true);
        };
      });
      if (!isFollowing) throw new LogError('unreachable', `the end of the log: ${trouble}`);
      await follower.catchUp();
      const heights = present(follower.progress.heights(), 'partitions that were read');
      const tip = present(await source.tip(height), 'the block that the folder ends with');
      return { tip, heights, successor: follower.progress.successor };
    } finally {
      await follower.stop();
    }
  } finally {
    await store.close();
  }
}
