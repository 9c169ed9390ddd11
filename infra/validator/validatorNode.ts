import type { Logger } from 'pino';
import { SAME_REGION } from '../../consensus/core/config.js';
import type { BlockStore } from '../../consensus/ports.js';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { ascii, concatBytes, uint32, uint64 } from '../../schemas/kernel/bytes.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { startBeaconThread } from '../crypto/beaconThread.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { VerifyPool } from '../crypto/verifyPool.js';
import { FileError } from '../files/errors.js';
import { openExecutedStore } from '../files/executedStore.js';
import { openFileBlockStore } from '../files/fileBlockStore.js';
import { openFileJournal } from '../files/fileJournal.js';
import { openMempoolJournal } from '../files/mempoolJournal.js';
import {
  openSnapshotStore,
  type Snapshot,
  type SnapshotStore,
  snapshotPath,
} from '../files/snapshotStore.js';
import { newestProven } from '../recovery/provenState.js';
import type { SnapshotArchive } from '../recovery/snapshotArchive.js';
import {
  beginFolder,
  folderStart,
  validatorPaths,
  withoutState,
} from '../recovery/validatorFolder.js';
import { commandTelemetry, consensusTelemetry } from '../telemetry/consensusTelemetry.js';
import type { HeightTimesLog } from '../telemetry/heightTimes.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { PeerTransport } from '../websocket/peerTransport.js';
import { joinValidator } from './joinValidator.js';
import { restoreState } from './restoreState.js';
import { systemTimer } from './systemTimer.js';

export interface ValidatorNodeOptions {
  readonly genesis: Genesis;
  /** Of the newest epoch, in which it takes part. */
  readonly keys: EpochKeys;
  readonly self: number;
  readonly signer: Signer;
  readonly beaconSecret: Uint8Array;
  readonly dataDir: string;
  readonly snapshotEveryHeights: number;
  /** Gets a copy of each snapshot, and an empty folder begins there. Null: neither. */
  readonly archive: SnapshotArchive | null;
  readonly firstStart: boolean;
  /** Before the first vote. */
  onSigning(): void;
  /**
   * Told once when it has stopped itself because a write or its code failed: another start may do
   * better. Not for a divergence or a broken assumption, which no start may hide.
   */
  onFailed(reason: string): void;
  readonly transport: PeerTransport;
  /** Null: never publishes. */
  readonly log: Log | null;
  readonly verifyWorkers: number;
  readonly metrics: Metrics;
  readonly heightTimes: HeightTimesLog;
  readonly logger: Logger;
}

export interface ValidatorNode {
  status(): {
    readonly ready: boolean;
    readonly height: number;
    readonly consensus: ValidatorStatus;
    readonly publishing: boolean;
    readonly publishedHeight: number;
  };
  stop(): Promise<void>;
}

/** What a vote journal belongs to. */
function journalIdentity({ chainId, shard, epoch }: EpochKeys, signer: Signer): Uint8Array {
  return concatBytes(ascii('votes'), chainId, uint32(shard), uint64(epoch), signer.publicKey);
}

/**
 * A folder that was lost begins at the newest proven state of the archive. Not that of a key which
 * never signed: from genesis on it may still take part, and from anywhere else it may not. Returns
 * the newest snapshot of the folder, as it then is.
 */
async function beginLostFolder(
  options: ValidatorNodeOptions,
  verifiers: Verifiers,
  snapshots: SnapshotStore,
): Promise<Snapshot | null> {
  const { archive, dataDir, genesis, keys, logger } = options;
  const newest = snapshots.newest();
  if (options.firstStart) return newest;
  const start = await folderStart(dataDir, newest);
  if (start === 'usable') return newest;
  const proven =
    archive === null
      ? null
      : newestProven(archive, {
          ...{ genesis, keys, verifiers },
          onPassedOver: (height, fault) =>
            logger.warn({ height, fault }, 'an archived snapshot is of no use'),
        });
  if (proven === null && start !== 'empty') throw withoutState(dataDir);
  if (proven === null) return null;
  await beginFolder(dataDir, proven);
  const { height } = proven.state;
  logger.warn({ height }, 'the data folder was empty: begins at an archived snapshot');
  return snapshots.newest();
}

async function openStores(options: ValidatorNodeOptions, verifiers: Verifiers) {
  const { dataDir, genesis, keys, signer } = options;
  const paths = validatorPaths(dataDir);
  const snapshots = openSnapshotStore(paths.snapshots);
  const state = restoreState(
    genesis,
    keys.shard,
    await beginLostFolder(options, verifiers, snapshots),
  );
  const blocks = await openFileBlockStore(paths.blocks);
  const ended = keys.firstHeight - 1;
  if (blocks.certifiedHeight() < ended) {
    await blocks.close();
    const what = `ends before height ${ended}, behind which epoch ${keys.epoch} begins`;
    throw new FileError('corrupt', `${paths.blocks} ${what}: make it by \`nullspace replay\``);
  }
  return {
    snapshots,
    state,
    blocks,
    executed: openExecutedStore(paths.executed, state.height + 1),
    journal: await openFileJournal(paths.votes, journalIdentity(keys, signer)),
    mempoolJournal: await openMempoolJournal(paths.mempool),
  };
}

/** Keeps a copy of a snapshot away from here; without one nothing is worse than before. */
async function archiveSnapshot(
  { archive, dataDir, metrics, logger }: ValidatorNodeOptions,
  blocks: BlockStore,
  height: number,
): Promise<void> {
  if (archive === null) return;
  try {
    const [certified] = await blocks.certifiedBlocks(height, 1, MAX_FRAME_BYTES);
    const path = snapshotPath(validatorPaths(dataDir).snapshots, height);
    await archive.add(present(certified, `certified block ${height}`), path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    metrics.count('snapshot_archive_failures_total');
    logger.error({ height, err: error }, 'no copy of the snapshot in the archive');
  }
}

/** Everything that a validator is, on links that are open already. */
export async function openNode(options: ValidatorNodeOptions): Promise<ValidatorNode> {
  const { genesis, keys, self, signer, transport, log, metrics, logger } = options;
  const signatures = nativeVerifier();
  const beacon = await createNativeBeacon();
  const stores = await openStores(options, { signatures, beacon });
  const { executed, blocks, journal, mempoolJournal } = stores;
  const pool =
    options.verifyWorkers === 0 ? null : await VerifyPool.open({ workers: options.verifyWorkers });
  const { groupKey, shareKeys } = keys.beaconKeys;
  const own = { secretShare: options.beaconSecret, scheme: beacon };
  const threshold = await startBeaconThread({ groupKey, shareKeys }, own);
  let archiving: Promise<void> = Promise.resolve();
  const joined = await joinValidator({
    ...stores,
    ...{ genesis, keys, self, signer, transport, log, metrics },
    snapshotEveryHeights: options.snapshotEveryHeights,
    onSnapshot(height) {
      archiving = archiving.then(() => archiveSnapshot(options, blocks, height));
    },
    firstStart: options.firstStart,
    onSigning: options.onSigning,
    signatures,
    beacon,
    threshold,
    verifier: pool ?? inlineBatchVerifier(signatures),
    timer: systemTimer(),
    timing: SAME_REGION,
    consensusTelemetry: consensusTelemetry(metrics, logger, options.heightTimes),
    commandTelemetry: commandTelemetry(metrics, logger),
    onHalt(halt) {
      logger.fatal(halt, 'the validator has stopped itself');
      const { kind, height, reason } = halt;
      if (kind === 'failed') options.onFailed(`stopped itself at height ${height}: ${reason}`);
    },
  });
  return {
    status() {
      const consensus = joined.status();
      return {
        ready: consensus.state === 'running' && consensus.caughtUp,
        height: consensus.certifiedHeight,
        consensus,
        publishing: joined.publisher?.isActive() ?? false,
        publishedHeight: joined.publisher?.publishedHeight() ?? 0,
      };
    },
    async stop() {
      await joined.stop();
      await archiving;
      executed.sync();
      executed.close();
      await Promise.all([journal.close(), blocks.close(), mempoolJournal.close()]);
      await Promise.all([pool?.close(), threshold.close()]);
    },
  };
}
