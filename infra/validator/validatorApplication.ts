import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import type { ExecutedBlock } from '../../command/engine/executedBlock.js';
import { engineAt, engineFault, findEngine } from '../../command/engine/findEngine.js';
import { exportEntries } from '../../command/engine/snapshot.js';
import type { Mempool } from '../../command/mempool/mempool.js';
import type { OpenedItems, VerifiedEnvelopes } from '../../command/mempool/verifiedEnvelopes.js';
import { type EnvelopeRules, verifyEnvelopes } from '../../command/mempool/verifyEnvelopes.js';
import type { PublishableHeight } from '../../command/ports.js';
import type { Application, Timer } from '../../consensus/ports.js';
import { encode } from '../../schemas/codec/codec.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { EXECUTED_HEIGHTS_KEPT } from '../../schemas/limits.js';
import type { BlockHeader, CertifiedBlock, ResultCertificate } from '../../schemas/types/block.js';
import { FileError } from '../files/errors.js';
import type { ExecutedStore } from '../files/executedStore.js';
import type { SnapshotStore } from '../files/snapshotStore.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createExecutionPace } from './executionPace.js';

export interface ValidatorApplicationOptions {
  readonly state: EngineState;
  readonly mempool: Mempool;
  readonly envelopes: VerifiedEnvelopes;
  readonly rules: EnvelopeRules;
  readonly verifier: BatchVerifier;
  readonly executed: ExecutedStore;
  readonly snapshots: SnapshotStore;
  readonly snapshotEveryHeights: number;
  readonly timer: Timer;
  readonly metrics: Pick<Metrics, 'count' | 'gauge' | 'observe'>;
  /** Heights above this one stay on disk: the log does not have them yet. */
  publishedHeight(): number;
  /** A height was executed here; its result is not certified yet. `laneKeys`: of its receipts. */
  onExecuted(block: ExecutedBlock, laneKeys: readonly string[]): void;
  /** A snapshot is on disk, or why it is not. */
  onSnapshot(height: number, fault: Error | null): void;
  /** A height is certified and in the executed store. */
  onCertified(height: PublishableHeight): void;
}

/** The engine and the mempool behind consensus' port: the one place that knows all three. */
export interface ValidatorApplication extends Application {
  /** Newest certified height whose events are held. */
  certifiedTip(): number;
  /** Newest certificate, for proofs of state. Null before height 1. */
  certificate(height: number): ResultCertificate | null;
  /** Resolves when no snapshot is being written. */
  idle(): Promise<void>;
}

/** Certificates of as many heights as the engine keeps trees for. */
const CERTIFICATES_KEPT = 64;

function executedHeight(
  { certificate, block: { header } }: CertifiedBlock,
  { leaves, events }: ExecutedBlock,
): Uint8Array {
  // One call of concat: flat() takes as long as the encoding.
  const values = ([] as Uint8Array[]).concat(...events);
  return encode('PeerMessage', {
    body: { kind: 'ExecutedHeight', certificate, header, leaves, events: values },
  });
}

/** A receipt follows from each command, in order. */
function laneKeysOf({ envelopes }: OpenedItems): string[] {
  const laneKeys: string[] = [];
  for (const envelope of envelopes) {
    if (envelope === null) continue;
    for (const { laneKey } of envelope.commands) laneKeys.push(laneKey);
  }
  return laneKeys;
}

export function createValidatorApplication(
  options: ValidatorApplicationOptions,
): ValidatorApplication {
  const { state, mempool, envelopes, executed, snapshots, metrics, timer } = options;
  const pace = createExecutionPace();
  const waiting = new Map<number, ExecutedBlock>();
  const certificates = new Map<number, ResultCertificate>();
  /** The leaves as they were at a height, until that height is certified. */
  const due = new Map<number, ReturnType<typeof exportEntries>>();
  /** The snapshot that is being written, of which there is one at a time. */
  let writing: Promise<void> | null = null;
  let tip = 0;

  /** Never rejects: without a new snapshot a restart executes more blocks, and nothing else. */
  const writeSnapshot = async (
    height: number,
    timestampMs: number,
    entries: ReturnType<typeof exportEntries>,
  ): Promise<void> => {
    try {
      // A snapshot says that everything below it need not be executed again.
      await executed.flush();
      await snapshots.write(height, timestampMs, entries);
      executed.prune(Math.min(height - EXECUTED_HEIGHTS_KEPT, options.publishedHeight()));
      options.onSnapshot(height, null);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      options.onSnapshot(height, error);
    } finally {
      writing = null;
    }
  };

  const certified = (certifiedBlock: CertifiedBlock): void => {
    const { certificate } = certifiedBlock;
    const { height } = certificate.result;
    const block = present(waiting.get(height), `executed height ${height}`);
    waiting.delete(height);
    executed.append(height, executedHeight(certifiedBlock, block));
    certificates.set(height, certificate);
    certificates.delete(height - CERTIFICATES_KEPT);
    tip = height;
    metrics.gauge('certified_height', height);
    const snapshot = due.get(height);
    if (snapshot !== undefined) {
      due.delete(height);
      if (writing === null) writing = writeSnapshot(height, block.timestampMs, snapshot);
      else options.onSnapshot(height, new Error('the snapshot before is still being written'));
    }
    options.onCertified({ certified: certifiedBlock, leaves: block.leaves, events: block.events });
  };

  return {
    height: () => state.height,
    propose: ({ unexecutedItems, timestampMs, maxBytes, maxCommands }) =>
      mempool.take({
        timestampMs,
        maxBytes,
        maxCommands: Math.min(maxCommands, pace.commandsMax()),
        unexecuted: unexecutedItems,
      }),
    verifyItems: (items, header: BlockHeader) =>
      verifyEnvelopes({
        items,
        header,
        rules: options.rules,
        envelopes,
        verifier: options.verifier,
      }),
    engineFault,
    execute(block, seed, madeBy) {
      const startedMs = timer.nowMs();
      const items = envelopes.openItems(block.items);
      const opened = items.envelopes.map((envelope) => envelope?.opened ?? null);
      const engine =
        madeBy === null ? engineAt(block.header.height) : present(findEngine(madeBy), 'engine');
      const result = executeBlock(state, block, seed, { opened, engine });
      envelopes.forget(items);
      waiting.set(result.height, result);
      options.onExecuted(result, laneKeysOf(items));
      if (result.height % options.snapshotEveryHeights === 0)
        due.set(result.height, exportEntries(state));
      const durationMs = timer.nowMs() - startedMs;
      pace.executed(result.receipts.length, durationMs);
      metrics.observe('execute_seconds', durationMs / 1000);
      metrics.count('commands_total', {}, result.receipts.length);
      const { stateRoot, eventsRoot, outboxRoots, engineVersion } = result;
      return { stateRoot, eventsRoot, outboxRoots, engineVersion };
    },
    certified,
    hasWork: (unexecutedItems) => mempool.hasExecutable(timer.unixMs(), unexecutedItems),
    certifiedTip: () => tip,
    certificate: (height) => certificates.get(height) ?? null,
    idle: () => writing ?? Promise.resolve(),
  };
}
