import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { memoVerifier } from '../../projections/runner/memoVerifier.js';
import { framedName } from '../../schemas/codec/codec.js';
import type { Verifiers } from '../../schemas/crypto/certifiedBlock.js';
import { chainIdOf, eventHash } from '../../schemas/crypto/digests.js';
import { type OpenedEnvelope, openEnvelope } from '../../schemas/crypto/envelope.js';
import { genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { verifyHeightMark } from '../../schemas/crypto/eventsRoot.js';
import type { BatchVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { PROJECTION_SIGNATURES_KEPT, VERIFY_BATCH_BYTES } from '../../schemas/limits.js';
import type { LogReader, PartitionStart, StoredRecord } from '../../schemas/log.js';
import { type BlocksFollower, createBlocksFollower } from '../../schemas/reading/blocksFollower.js';
import { topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { HeightMark } from '../../schemas/types/event.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { createEventLedger, type EventLedger } from './eventLedger.js';
import { createFaults, type Faults, recordPlace } from './faults.js';
import { createSignatureChecks, type SignatureChecks } from './signatureChecks.js';

/** The last line of `nullspace verify --json`. */
export interface VerifyReport {
  readonly heights: number;
  readonly commands: number;
  readonly ok: boolean;
  readonly events: number;
  /** Heights and events that stand in the log more than once. */
  readonly repeated: number;
  /** Events, and marks of events, that should stand in the log and do not. */
  readonly missing: number;
  /** Records that no quorum certified; readers drop them. */
  readonly dropped: number;
  /** Where something is wrong, and what; the first ones of many. Nothing when `ok`. */
  readonly faults?: readonly string[];
}

/** How far a verification is. */
export interface VerifyProgress {
  readonly height: number;
  /** Of all records, 0 to 1. */
  readonly share: number;
}

interface Verification {
  readonly genesis: Genesis;
  readonly envelopes: SignatureChecks;
  readonly follower: BlocksFollower;
  readonly state: EngineState;
  readonly ledger: EventLedger;
  readonly faults: Faults;
  readonly fromHeight: number;
  heights: number;
  commands: number;
  events: number;
  repeated: number;
  dropped: number;
  /** Nothing behind this point can be checked. */
  broken: boolean;
}

/**
 * Executes every certified height of a log again, up to its end as it is now, and compares the
 * events and marks that stand in it with those that the execution made.
 */
export async function verifyLog(options: {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly reader: LogReader;
  readonly fromHeight: number;
  readonly verifiers: Verifiers;
  /** Of players: checked by its threads while this one executes. */
  readonly envelopes: BatchVerifier;
  onProgress(progress: VerifyProgress): void;
}): Promise<VerifyReport> {
  const { genesis, shard, reader, verifiers } = options;
  const keys = genesisEpoch(genesis, shard);
  const { eventPartitions } = genesis;
  const faults = createFaults();
  const memo = memoVerifier(verifiers.signatures, PROJECTION_SIGNATURES_KEPT);
  const isProven = (mark: HeightMark) => verifyHeightMark(mark, keys, eventPartitions, memo);
  const verification: Verification = {
    genesis,
    envelopes: createSignatureChecks(options.envelopes),
    follower: createBlocksFollower({ keys, tip: genesisTip(genesis, shard), verifiers }),
    state: genesisState(genesis, shard),
    ledger: createEventLedger(faults, isProven),
    faults,
    fromHeight: options.fromHeight,
    heights: 0,
    commands: 0,
    events: 0,
    repeated: 0,
    dropped: 0,
    broken: false,
  };
  const topics = topicNames(chainIdOf(genesis));
  const progress = (share: number): void =>
    options.onProgress({ height: verification.follower.tip.height, share });
  await readAll(
    reader,
    [{ topic: topics.blocks, partition: shard }],
    (partition, { offset, value }) => onBlock(verification, partition, offset, value),
    (share) => progress(share / 2),
  );
  await verification.envelopes.all();
  // A height's events were written with it, so their ends, looked up now, hold all of them.
  const partitions = Array.from({ length: eventPartitions }, (_, partition) => ({
    topic: topics.events,
    partition,
  }));
  const { ledger } = verification;
  await readAll(
    reader,
    partitions,
    (partition, { offset, value }) => {
      ledger.found(partition, offset, value);
      return null;
    },
    (share) => progress(0.5 + share / 2),
  );
  ledger.close();
  return report(verification);
}

/**
 * Feeds every record of the partitions, up to their ends of now, to `onRecord`, and waits for what
 * that answers.
 */
async function readAll(
  reader: LogReader,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  onRecord: (partition: number, record: StoredRecord) => Promise<void> | null,
  onProgress: (share: number) => void,
): Promise<void> {
  const ends = new Map<string, bigint>();
  const starts: PartitionStart[] = [];
  let all = 0n;
  let read = 0n;
  for (const { topic, partition } of partitions) {
    const { first, end } = await reader.offsets(topic, partition);
    if (first === end) continue;
    ends.set(`${topic}/${partition}`, end);
    starts.push({ topic, partition, fromOffset: first });
    all += end - first;
  }
  if (starts.length === 0) return;
  const subscription = await reader.subscribe({
    partitions: starts,
    maxBatchBytes: VERIFY_BATCH_BYTES,
  });
  for await (const { topic, partition, records, nextOffset } of subscription.batches) {
    const key = `${topic}/${partition}`;
    const end = ends.get(key);
    if (end === undefined) continue;
    for (const record of records) {
      const wait = record.offset < end ? onRecord(partition, record) : null;
      if (wait !== null) await wait;
    }
    read += BigInt(records.length);
    onProgress(Math.min(1, Number(read) / Number(all)));
    if (nextOffset >= end) ends.delete(key);
    if (ends.size === 0) break;
  }
  await subscription.close();
}

function onBlock(
  verification: Verification,
  partition: number,
  offset: bigint,
  value: Uint8Array,
): Promise<void> | null {
  if (verification.broken) return null;
  const { follower, faults } = verification;
  const place = recordPlace('blocks', partition, offset);
  const next = follower.tip.height + 1;
  const outcome = follower.read(value);
  switch (outcome.kind) {
    case 'accepted':
      onCertified(verification, outcome.certified);
      return verification.envelopes.room();
    case 'ignored':
      verification.repeated++;
      faults.add(place, `height ${outcome.height} stands here again`);
      return null;
    case 'dropped':
      verification.dropped++;
      faults.add(place, `not height ${next} as a quorum certified it: ${outcome.reason}`);
      return null;
    case 'hole':
      verification.broken = true;
      faults.add(place, `height ${outcome.height} is here, and height ${next} is missing`);
      return null;
    case 'conflict':
      verification.broken = true;
      faults.add(place, outcome.message);
      return null;
  }
}

function onCertified(verification: Verification, certified: CertifiedBlock): void {
  const { state, ledger, faults } = verification;
  const { block, certificate } = certified;
  const { result } = certificate;
  const { height } = result;
  const opened = openItems(verification, certified);
  const signed = opened.flatMap((envelope) => (envelope === null ? [] : [envelope.signed]));
  verification.envelopes.start(signed, () =>
    faults.add(`height ${height}`, 'an envelope without its signature'),
  );
  const executed = executeBlock(state, block, result.seed, opened);
  for (const root of ['stateRoot', 'eventsRoot'] as const) {
    if (equalBytes(executed[root], result[root])) continue;
    // What execution makes of later heights follows from this one: they would all differ.
    verification.broken = true;
    faults.add(`height ${height}`, `execution gives another ${root}`);
  }
  if (verification.broken) return;
  ledger.expect(
    height,
    executed.events.map((values) => values.map(eventHash)),
  );
  for (const values of executed.events) verification.events += values.length;
  if (height < verification.fromHeight) return;
  verification.heights++;
  verification.commands += executed.receipts.length;
}

/** The envelopes of a block; null for other items, and for one that does not open: a fault. */
function openItems(
  { faults }: Verification,
  { block, certificate }: CertifiedBlock,
): readonly (OpenedEnvelope | null)[] {
  return block.items.map((item) => {
    if (framedName(item) !== 'Envelope') return null;
    const opened = openEnvelope(item);
    if (opened.ok) return opened.envelope;
    const place = `height ${certificate.result.height}`;
    faults.add(place, `an envelope that does not open: ${opened.reason}`);
    return null;
  });
}

function report(verification: Verification): VerifyReport {
  const { heights, commands, events, ledger, faults } = verification;
  const counts = {
    events,
    repeated: verification.repeated + ledger.repeated(),
    missing: ledger.missing(),
    dropped: verification.dropped + ledger.dropped(),
  };
  const ok = faults.count() === 0;
  return { heights, commands, ok, ...counts, ...(ok ? {} : { faults: faults.lines() }) };
}
