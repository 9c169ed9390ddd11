import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { framedName } from '../../schemas/codec/codec.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import { chainIdOf, eventHash } from '../../schemas/crypto/digests.js';
import { openEnvelope } from '../../schemas/crypto/envelope.js';
import { genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { VERIFY_BATCH_BYTES } from '../../schemas/limits.js';
import type { LogReader, PartitionStart } from '../../schemas/log.js';
import { type BlocksFollower, createBlocksFollower } from '../../schemas/reading/blocksFollower.js';
import { topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { createEventLedger, type EventLedger } from './eventLedger.js';

/** The last line of `nullspace verify --json`. */
export interface VerifyReport {
  readonly heights: number;
  readonly commands: number;
  readonly ok: boolean;
  readonly events: number;
  /** Heights and events that stand in the log more than once. */
  readonly repeated: number;
  /** Events that should stand in the log and do not. */
  readonly missing: number;
  /** Records that no validator certified; readers drop them. */
  readonly dropped: number;
  /** What is wrong, if anything; the first fault found. */
  readonly fault?: string;
}

interface Verification {
  readonly genesis: Genesis;
  readonly verifiers: Verifiers;
  readonly follower: BlocksFollower;
  readonly state: EngineState;
  readonly ledger: EventLedger;
  readonly fromHeight: number;
  readonly onProgress: (line: string) => void;
  heights: number;
  commands: number;
  events: number;
  repeated: number;
  dropped: number;
  fault: string | null;
}

const PROGRESS_EVERY = 10_000;

/** Executes every certified height of a log again, up to its end as it is now. */
export async function verifyLog(options: {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly reader: LogReader;
  readonly fromHeight: number;
  readonly verifiers: Verifiers;
  onProgress(line: string): void;
}): Promise<VerifyReport> {
  const { genesis, shard, reader, verifiers } = options;
  const keys = genesisEpoch(genesis, shard);
  const verification: Verification = {
    genesis,
    verifiers,
    follower: createBlocksFollower({ keys, tip: genesisTip(genesis, shard), verifiers }),
    state: genesisState(genesis, shard),
    ledger: createEventLedger(),
    fromHeight: options.fromHeight,
    onProgress: options.onProgress,
    heights: 0,
    commands: 0,
    events: 0,
    repeated: 0,
    dropped: 0,
    fault: null,
  };
  const topics = topicNames(chainIdOf(genesis));
  await readAll(reader, [{ topic: topics.blocks, partition: shard }], (value) =>
    onBlock(verification, value),
  );
  // A height's events were written with it, so their ends, looked up now, hold all of them.
  const partitions = Array.from({ length: genesis.eventPartitions }, (_, partition) => ({
    topic: topics.events,
    partition,
  }));
  await readAll(reader, partitions, (value) => verification.ledger.found(value));
  return report(verification);
}

/** Feeds every record of the partitions, up to their ends of now, to `onValue`. */
async function readAll(
  reader: LogReader,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  onValue: (value: Uint8Array) => void,
): Promise<void> {
  const ends = new Map<string, bigint>();
  const starts: PartitionStart[] = [];
  for (const { topic, partition } of partitions) {
    const { first, end } = await reader.offsets(topic, partition);
    if (first === end) continue;
    ends.set(`${topic}/${partition}`, end);
    starts.push({ topic, partition, fromOffset: first });
  }
  if (starts.length === 0) return;
  const subscription = await reader.subscribe({
    partitions: starts,
    maxBatchBytes: VERIFY_BATCH_BYTES,
  });
  for await (const batch of subscription.batches) {
    const key = `${batch.topic}/${batch.partition}`;
    const end = ends.get(key);
    if (end === undefined) continue;
    for (const record of batch.records) if (record.offset < end) onValue(record.value);
    if (batch.nextOffset >= end) ends.delete(key);
    if (ends.size === 0) break;
  }
  await subscription.close();
}

function onBlock(verification: Verification, value: Uint8Array): void {
  if (verification.fault !== null) return;
  const outcome = verification.follower.read(value);
  switch (outcome.kind) {
    case 'accepted':
      return onCertified(verification, outcome.certified);
    case 'ignored':
      verification.repeated++;
      return;
    case 'dropped':
      verification.dropped++;
      return;
    case 'hole':
      verification.fault = `height ${outcome.height} stands behind a hole`;
      return;
    case 'conflict':
      verification.fault = outcome.message;
  }
}

function onCertified(verification: Verification, certified: CertifiedBlock): void {
  const { state, ledger } = verification;
  const { block, certificate } = certified;
  const { result } = certificate;
  const unsigned = unsignedEnvelope(verification, certified);
  if (unsigned !== null) {
    verification.fault = `height ${result.height}: ${unsigned}`;
    return;
  }
  const executed = executeBlock(state, block, result.seed);
  if (!equalBytes(executed.stateRoot, result.stateRoot)) {
    verification.fault = `height ${result.height}: another state root`;
    return;
  }
  if (!equalBytes(executed.eventsRoot, result.eventsRoot)) {
    verification.fault = `height ${result.height}: another events root`;
    return;
  }
  for (const values of executed.events) {
    ledger.expect(values.map(eventHash));
    verification.events += values.length;
  }
  if (result.height < verification.fromHeight) return;
  verification.heights++;
  verification.commands += executed.receipts.length;
  if (result.height % PROGRESS_EVERY === 0) verification.onProgress(`height ${result.height}`);
}

/** Why an item of a block is no properly signed envelope; null when all are. */
function unsignedEnvelope(verification: Verification, { block }: CertifiedBlock): string | null {
  for (const item of block.items) {
    if (framedName(item) !== 'Envelope') continue;
    const opened = openEnvelope(item);
    if (!opened.ok) return `an envelope that does not open: ${opened.reason}`;
    const { publicKey, message, signature } = opened.envelope.signed;
    if (!verification.verifiers.signatures.verify(publicKey, message, signature)) {
      return 'an envelope without its signature';
    }
  }
  return null;
}

function report(verification: Verification): VerifyReport {
  const { heights, commands, events, dropped, ledger, follower, fault } = verification;
  const missing = ledger.missing();
  const foreign = ledger.foreign(follower.tip.height);
  const repeated = verification.repeated + ledger.repeated();
  const found = fault ?? (missing > 0 ? `${missing} events are missing` : null);
  const counts = { events, repeated, missing, dropped: dropped + foreign };
  const ok = found === null;
  return { heights, commands, ok, ...counts, ...(found === null ? {} : { fault: found }) };
}
