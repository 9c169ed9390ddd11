import { join } from 'node:path';
import type { Logger } from 'pino';
import { admissionView } from '../../command/engine/admissionView.js';
import { createAdmission } from '../../command/mempool/admission.js';
import { createMempool } from '../../command/mempool/mempool.js';
import { mempoolConfig } from '../../command/mempool/mempoolConfig.js';
import { createVerifiedEnvelopes } from '../../command/mempool/verifiedEnvelopes.js';
import { type Publisher, startPublisher } from '../../command/publish/publisher.js';
import { SAME_REGION } from '../../consensus/core/config.js';
import type { Transport } from '../../consensus/ports.js';
import { createValidator } from '../../consensus/validator/createValidator.js';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import type { Signer } from '../../schemas/crypto/signatures.js';
import { ascii, concatBytes, uint32, uint64 } from '../../schemas/kernel/bytes.js';
import type { Log } from '../../schemas/log.js';
import { topicManifest, topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
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
import type { Metrics } from '../telemetry/metrics.js';
import type { PeerTransport } from '../websocket/peerTransport.js';
import { type ClientLinks, serveClients } from './clientLinks.js';
import { createHeightSource } from './heightSource.js';
import { restoreState } from './restoreState.js';
import { systemTimer } from './systemTimer.js';
import { createValidatorApplication } from './validatorApplication.js';

export interface ValidatorNodeOptions {
  readonly genesis: Genesis;
  readonly self: number;
  readonly signer: Signer;
  readonly beaconSecret: Uint8Array;
  readonly dataDir: string;
  readonly firstStart: boolean;
  /** Before the first vote. */
  onSigning(): void;
  readonly transport: PeerTransport;
  /** Null: never publishes. */
  readonly log: Log | null;
  readonly verifyWorkers: number;
  readonly metrics: Metrics;
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

/** The part of the links that consensus speaks on; gossip of envelopes goes elsewhere. */
function consensusTransport(
  transport: PeerTransport,
  onEnvelopes: (envelopes: readonly Uint8Array[]) => void,
): Transport {
  return {
    send: transport.send,
    broadcast: transport.broadcast,
    connected: transport.connected,
    onMessage: (handler) =>
      transport.onMessage((from, body: PeerMessageBody) => {
        if (body.kind === 'EnvelopeBatch') onEnvelopes(body.envelopes);
        else handler(from, body);
      }),
  };
}

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
  const { genesis, self, signer, transport, metrics, logger } = options;
  const stores = await openStores(options);
  const { state, executed, snapshots, blocks, journal, mempoolJournal } = stores;
  const { chainId } = genesisEpoch(genesis, SHARD);
  const signatures = nativeVerifier();
  const pool =
    options.verifyWorkers === 0 ? null : await VerifyPool.open({ workers: options.verifyWorkers });
  const verifier = pool ?? inlineBatchVerifier(signatures);
  const timer = systemTimer();
  const envelopes = createVerifiedEnvelopes();
  const telemetry = commandTelemetry(metrics, logger);
  const { limits } = genesis;
  const mempool = createMempool(
    mempoolConfig({ chainId, shard: SHARD, genesis, view: () => admissionView(state) }),
    envelopes,
  );
  let clients: ClientLinks | null = null;
  let publisher: Publisher | null = null;
  const admission = createAdmission({
    mempool,
    envelopes,
    verifier,
    journal: mempoolJournal,
    gossip: { send: (batch) => transport.broadcast({ kind: 'EnvelopeBatch', envelopes: batch }) },
    timer,
    clock: timer,
    telemetry,
    onWork: () => validator.workChanged(),
  });
  const application = createValidatorApplication({
    state,
    mempool,
    envelopes,
    rules: { chainId, shard: SHARD, limits },
    verifier,
    executed,
    snapshots,
    timer,
    metrics,
    onExecuted: (block) => admission.executed(block.receipts, block.timestampMs),
    onCertified: () => {
      clients?.onCertified();
      publisher?.onCertified();
    },
  });
  const validator = createValidator({
    genesis,
    shard: SHARD,
    self,
    signer,
    beaconSecret: options.beaconSecret,
    signatures,
    beacon: await createNativeBeacon(),
    transport: consensusTransport(transport, (batch) => {
      for (const envelope of batch) void admission.submit(envelope, 'validator');
    }),
    journal,
    store: blocks,
    timer,
    application,
    telemetry: consensusTelemetry(metrics, logger),
    timing: SAME_REGION,
    firstStart: options.firstStart,
    onHalt: (halt) => logger.fatal(halt, 'the validator has stopped itself'),
  });
  if (options.firstStart) options.onSigning();
  clients = serveClients({ transport, admission, executed, application, state });
  await validator.start();
  await admission.recover();
  validator.workChanged();
  const { log } = options;
  if (log !== null) {
    await log.ensureTopics(topicManifest(chainId, genesis.shards, genesis.eventPartitions));
    publisher = startPublisher({
      log,
      topics: topicNames(chainId),
      shard: SHARD,
      eventPartitions: genesis.eventPartitions,
      self,
      validators: genesis.validators.length,
      source: createHeightSource({ genesis, shard: SHARD, blocks, executed, application }),
      timer,
      telemetry,
      writerId: `${topicNames(chainId).blocks}.publisher.${SHARD}`,
    });
  }
  return {
    status() {
      const consensus = validator.status();
      return {
        ready: consensus.state === 'running',
        height: consensus.certifiedHeight,
        consensus,
        publishing: publisher?.isActive() ?? false,
        publishedHeight: publisher?.publishedHeight() ?? 0,
      };
    },
    async stop() {
      await publisher?.stop();
      await validator.stop();
      await admission.close();
      executed.sync();
      executed.close();
      await Promise.all([journal.close(), blocks.close(), mempoolJournal.close()]);
      await pool?.close();
    },
  };
}
