import { admissionView } from '../../command/engine/admissionView.js';
import type { EngineState } from '../../command/engine/engineState.js';
import { createAdmission } from '../../command/mempool/admission.js';
import { createMempool } from '../../command/mempool/mempool.js';
import { mempoolConfig } from '../../command/mempool/mempoolConfig.js';
import { createVerifiedEnvelopes } from '../../command/mempool/verifiedEnvelopes.js';
import type { CommandTelemetry, MempoolJournal } from '../../command/ports.js';
import { type Publisher, startPublisher } from '../../command/publish/publisher.js';
import type { ThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import type { Timing } from '../../consensus/core/config.js';
import type { BlockStore, Journal, Telemetry, Timer, Transport } from '../../consensus/ports.js';
import { createCachingVerifier } from '../../consensus/validator/cachingVerifier.js';
import { createValidator } from '../../consensus/validator/createValidator.js';
import type { Halt, ValidatorStatus } from '../../consensus/validator/options.js';
import type { EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type {
  BatchVerifier,
  BeaconScheme,
  SignatureVerifier,
  Signer,
} from '../../schemas/crypto/signatures.js';
import { PUBLISH_BEACONS_KEPT, PUBLISH_SIGNATURES_KEPT } from '../../schemas/limits.js';
import type { Log } from '../../schemas/log.js';
import { topicManifest, topicNames, writerId } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { type CachingBeacon, cachingBeacon } from '../crypto/cachingBeacon.js';
import type { ExecutedStore } from '../files/executedStore.js';
import type { SnapshotStore } from '../files/snapshotStore.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type ClientLinks, type ClientTransport, serveClients } from './clientLinks.js';
import { createHeightSource, createRecentHeights } from './heightSource.js';
import { openReceiptIndex } from './receiptIndex.js';
import { createValidatorApplication } from './validatorApplication.js';

/** What consensus, mempool, engine and publisher stand on; the joining itself does no I/O. */
export interface ValidatorParts {
  readonly genesis: Genesis;
  /** Of the newest epoch, in which it takes part. */
  readonly keys: EpochKeys;
  readonly self: number;
  readonly signer: Signer;
  /** This key has never signed in this epoch. */
  readonly firstStart: boolean;
  /** Before the first vote. */
  onSigning(): void;
  readonly signatures: SignatureVerifier;
  readonly beacon: BeaconScheme;
  /** With the own share of the beacon's secret. */
  readonly threshold: ThresholdSigner;
  /** Of envelopes. */
  readonly verifier: BatchVerifier;
  /** Restored from `snapshots`, or of genesis. */
  readonly state: EngineState;
  readonly snapshots: SnapshotStore;
  readonly snapshotEveryHeights: number;
  /** The snapshot of this height is in `snapshots`. */
  onSnapshot(height: number): void;
  readonly executed: ExecutedStore;
  readonly blocks: BlockStore;
  readonly journal: Journal;
  readonly mempoolJournal: MempoolJournal;
  readonly transport: Transport & ClientTransport;
  /** Null: never publishes. */
  readonly log: Log | null;
  readonly timer: Timer;
  readonly timing: Timing;
  readonly metrics: Pick<Metrics, 'count' | 'gauge' | 'observe'>;
  readonly consensusTelemetry: Telemetry;
  readonly commandTelemetry: CommandTelemetry;
  onHalt(halt: Halt): void;
}

export interface JoinedValidator {
  status(): ValidatorStatus;
  /** Null: never publishes. */
  readonly publisher: Publisher | null;
  /** Resolves when nothing is under way; the stores are their owner's to close. */
  stop(): Promise<void>;
}

/** The part of the links that consensus speaks on; gossip of envelopes goes elsewhere. */
function consensusTransport(
  transport: Transport,
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

/** What was combined and checked, perhaps on another thread, is not checked again on this one. */
function rememberedBy(
  beacon: CachingBeacon,
  { beaconKeys: { groupKey } }: EpochKeys,
  threshold: ThresholdSigner,
): ThresholdSigner {
  return {
    sign: threshold.sign,
    async combine(message, shares) {
      const signature = await threshold.combine(message, shares);
      if (signature !== null) beacon.remember(groupKey, message, signature);
      return signature;
    },
  };
}

/**
 * Joins consensus, mempool, engine and publisher to one validator and starts it: the same code on
 * sockets and files and in the simulated world. Resolves when it takes part.
 */
export async function joinValidator(parts: ValidatorParts): Promise<JoinedValidator> {
  const { genesis, keys, self, transport, timer, state, executed, blocks, verifier } = parts;
  const { chainId, shard } = keys;
  // The publisher meets in the log what consensus has checked before.
  const signatures = createCachingVerifier(parts.signatures, PUBLISH_SIGNATURES_KEPT);
  const beacon = cachingBeacon(parts.beacon, PUBLISH_BEACONS_KEPT);
  const envelopes = createVerifiedEnvelopes();
  const view = admissionView(state);
  const mempool = createMempool(
    mempoolConfig({ chainId, shard, genesis, view: () => view }),
    envelopes,
  );
  const receipts = openReceiptIndex(executed);
  let clients: ClientLinks | null = null;
  let publisher: Publisher | null = null;
  const admission = createAdmission({
    mempool,
    envelopes,
    verifier,
    journal: parts.mempoolJournal,
    gossip: {
      send(batch, handedTo) {
        const peers = transport.connected().filter((peer) => ((handedTo >> peer) & 1) === 0);
        const body = { kind: 'EnvelopeBatch', envelopes: batch } as const;
        for (const peer of peers) transport.send(peer, body);
      },
    },
    timer,
    clock: timer,
    telemetry: parts.commandTelemetry,
    isBackedUp: () => publisher?.isBackedUp() ?? false,
    onWork: () => validator.workChanged(),
  });
  const { log } = parts;
  const recents = createRecentHeights();
  const application = createValidatorApplication({
    state,
    mempool,
    envelopes,
    rules: { chainId, shard, limits: genesis.limits },
    verifier,
    executed,
    snapshots: parts.snapshots,
    snapshotEveryHeights: parts.snapshotEveryHeights,
    timer,
    metrics: parts.metrics,
    publishedHeight: () =>
      log === null ? Number.MAX_SAFE_INTEGER : (publisher?.publishedHeight() ?? 0),
    onExecuted: (block, laneKeys) => {
      receipts.add(block.height, block.receipts, laneKeys);
      admission.executed(block.receipts, block.timestampMs, laneKeys);
    },
    onSnapshot(height, fault) {
      if (fault === null) return parts.onSnapshot(height);
      parts.metrics.count('snapshot_failures_total');
      parts.commandTelemetry.log('error', 'no snapshot', { height, fault });
    },
    onCertified: (height) => {
      if (publisher !== null) recents.add(height, publisher.publishedHeight());
      clients?.onCertified();
      publisher?.onCertified();
    },
  });
  const validator = createValidator({
    ...{ genesis, keys, self },
    signer: parts.signer,
    signatures,
    beacon,
    threshold: rememberedBy(beacon, keys, parts.threshold),
    transport: consensusTransport(transport, (batch) => {
      for (const envelope of batch) void admission.submit(envelope, 'validator');
    }),
    journal: parts.journal,
    store: blocks,
    timer,
    application,
    telemetry: parts.consensusTelemetry,
    timing: parts.timing,
    firstStart: parts.firstStart,
    onHalt: parts.onHalt,
  });
  if (parts.firstStart) parts.onSigning();
  await validator.start();
  await admission.recover();
  // Not before: what was accepted in an earlier life comes into the pool ahead of what is new.
  clients = serveClients({
    ...{ transport, admission, executed, application, state, timer, receipts },
  });
  validator.workChanged();
  if (log !== null) {
    const topics = topicNames(chainId);
    publisher = startPublisher({
      log,
      manifest: topicManifest(chainId, genesis.shards, genesis.eventPartitions),
      topics,
      keys,
      eventPartitions: genesis.eventPartitions,
      verifiers: { signatures, beacon },
      self,
      source: createHeightSource({ genesis, shard, blocks, executed, application, recents }),
      timer,
      telemetry: parts.commandTelemetry,
      writerId: writerId(chainId, shard),
      onSuperseded: (epoch) => validator.supersede(epoch),
    });
  }
  return {
    status: () => validator.status(),
    publisher,
    async stop() {
      await publisher?.stop();
      await validator.stop();
      await admission.close();
      await application.idle();
    },
  };
}
