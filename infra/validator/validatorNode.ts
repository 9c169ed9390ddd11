import { join } from 'node:path';
import type { Logger } from 'pino';
import { SAME_REGION } from '../../consensus/core/config.js';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import { ascii, concatBytes, uint32, uint64 } from '../../schemas/kernel/bytes.js';
import { SNAPSHOT_EVERY_HEIGHTS } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { startBeaconThread } from '../crypto/beaconThread.js';
import { inlineBatchVerifier } from '../crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../crypto/nativeBeacon.js';
import { nativeVerifier } from '../crypto/nativeSignatures.js';
import { VerifyPool } from '../crypto/verifyPool.js';
import { openExecutedStore } from '../files/executedStore.js';
import { openFileBlockStore } from '../files/fileBlockStore.js';
import { openFileJournal } from '../files/fileJournal.js';
import { openMempoolJournal } from '../files/mempoolJournal.js';
import { openSnapshotStore } from '../files/snapshotStore.js';
import { commandTelemetry, consensusTelemetry } from '../telemetry/consensusTelemetry.js';
import type { HeightTimesLog } from '../telemetry/heightTimes.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { PeerTransport } from '../websocket/peerTransport.js';
import { joinValidator } from './joinValidator.js';
import { restoreState } from './restoreState.js';
import { systemTimer } from './systemTimer.js';

export interface ValidatorNodeOptions {
  readonly genesis: Genesis;
  readonly self: number;
  readonly signer: Signer;
  readonly beaconSecret: Uint8Array;
  readonly dataDir: string;
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

const SHARD = 0;

/** What a vote journal belongs to. */
function journalIdentity(genesis: Genesis, signer: Signer): Uint8Array {
  const { chainId, epoch } = genesisEpoch(genesis, SHARD);
  return concatBytes(ascii('votes'), chainId, uint32(SHARD), uint64(epoch), signer.publicKey);
}

async function openStores(options: ValidatorNodeOptions) {
  const { dataDir, genesis, signer } = options;
  const snapshots = openSnapshotStore(join(dataDir, 'snapshots'));
  const state = restoreState(genesis, SHARD, snapshots);
  return {
    snapshots,
    state,
    executed: openExecutedStore(join(dataDir, 'executed'), state.height + 1),
    blocks: await openFileBlockStore(join(dataDir, 'blocks')),
    journal: await openFileJournal(join(dataDir, 'votes'), journalIdentity(genesis, signer)),
    mempoolJournal: await openMempoolJournal(join(dataDir, 'mempool')),
  };
}

/** Everything that a validator is, on links that are open already. */
export async function openNode(options: ValidatorNodeOptions): Promise<ValidatorNode> {
  const { genesis, self, signer, transport, log, metrics, logger } = options;
  const stores = await openStores(options);
  const { executed, blocks, journal, mempoolJournal } = stores;
  const signatures = nativeVerifier();
  const pool =
    options.verifyWorkers === 0 ? null : await VerifyPool.open({ workers: options.verifyWorkers });
  const beacon = await createNativeBeacon();
  const { groupKey, shareKeys } = genesisEpoch(genesis, SHARD).beaconKeys;
  const own = { secretShare: options.beaconSecret, scheme: beacon };
  const threshold = await startBeaconThread({ groupKey, shareKeys }, own);
  const joined = await joinValidator({
    ...stores,
    ...{ genesis, shard: SHARD, self, signer, transport, log, metrics },
    snapshotEveryHeights: SNAPSHOT_EVERY_HEIGHTS,
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
      executed.sync();
      executed.close();
      await Promise.all([journal.close(), blocks.close(), mempoolJournal.close()]);
      await Promise.all([pool?.close(), threshold.close()]);
    },
  };
}
