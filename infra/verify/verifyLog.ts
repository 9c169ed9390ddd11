import type { EngineState } from '../../command/engine/engineState.js';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { treeRoot } from '../../command/engine/state/stateTree.js';
import { DeferredBeacons } from '../../projections/runner/deferredBeacons.js';
import { memoVerifier } from '../../projections/runner/memoVerifier.js';
import { framedName } from '../../schemas/codec/codec.js';
import { chainIdOf } from '../../schemas/crypto/digests.js';
import { type OpenedEnvelope, openEnvelope } from '../../schemas/crypto/envelope.js';
import {
  type ChainTip,
  type EpochKeys,
  genesisEpoch,
  genesisTip,
} from '../../schemas/crypto/epochKeys.js';
import { keysAfter } from '../../schemas/crypto/epochStart.js';
import { verifyHeightMark } from '../../schemas/crypto/eventsRoot.js';
import type { BatchVerifier, SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import { PROJECTION_BEACONS_MAX, PROJECTION_SIGNATURES_KEPT } from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import type { BlocksFollower } from '../../schemas/reading/blocksFollower.js';
import { topicNames } from '../../schemas/topics.js';
import type { CertifiedBlock, EpochStart } from '../../schemas/types/block.js';
import type { HeightMark } from '../../schemas/types/event.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import { engineOf } from '../recovery/engineOf.js';
import { EventLedger } from './eventLedger.js';
import { createFaults, type Faults, recordPlace } from './faults.js';
import {
  type LogProgress,
  type LogReading,
  type OffsetRange,
  openLogReading,
  type PartitionRecords,
} from './logReading.js';
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
  /** The last height that was executed, and the root of the state after it, in hex. */
  readonly height: number;
  readonly stateRoot: string;
  /** So many were verified side by side; 1: in one piece. */
  readonly parts: number;
  /** Where something is wrong, and what; the first ones of many. Nothing when `ok`. */
  readonly faults?: readonly string[];
}

interface Verification {
  readonly genesis: Genesis;
  /** Of the epochs up to the last height executed. */
  keys: EpochKeys;
  readonly envelopes: SignatureChecks;
  readonly beacons: DeferredBeacons;
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

export interface VerifyOptions {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly reader: LogReader;
  readonly fromHeight: number;
  readonly signatures: SignatureVerifier;
  /** Of the chain's groups: checked as `envelopes` are. */
  readonly beacons: BatchVerifier;
  /** Of players: checked by its threads while this one executes. */
  readonly envelopes: BatchVerifier;
  onProgress(progress: LogProgress): void;
}

/** A stretch of a log, between offsets. */
export interface LogPart {
  readonly blocks: OffsetRange;
  /** By partition. */
  readonly events: readonly OffsetRange[];
  /** It is the last one: what belongs to later heights has been written since. */
  readonly isLast: boolean;
}

/** A part, and the certified state that it begins at. */
export interface StartedPart extends LogPart {
  /** Changed in place. */
  readonly state: EngineState;
  readonly tip: ChainTip;
  /** Of the epochs up to there. */
  readonly keys: EpochKeys;
}

/**
 * Executes every certified height of a log again, up to its end as it is now, and compares the
 * events and marks that stand in it with those that the execution made.
 */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  return (await verifyPart(options, null)).report;
}

/** The same with a part of the log, null for all of it. `tip`: of the last height executed. */
export async function verifyPart(
  options: VerifyOptions,
  part: StartedPart | null,
): Promise<{ readonly report: VerifyReport; readonly tip: ChainTip }> {
  const { genesis, shard, reader } = options;
  const keys = part?.keys ?? genesisEpoch(genesis, shard);
  const { eventPartitions } = genesis;
  const faults = createFaults();
  const memo = memoVerifier(options.signatures, PROJECTION_SIGNATURES_KEPT);
  const isProven = (mark: HeightMark) =>
    verifyHeightMark(mark, verification.keys, eventPartitions, memo);
  const isBegun = (start: EpochStart) => beganBy(start, verification.keys, memo);
  const beacons = new DeferredBeacons(options.beacons);
  const tip = part?.tip ?? genesisTip(genesis, shard);
  const follower = beacons.follow({ keys, tip, signatures: options.signatures });
  const verification: Verification = {
    ...{ genesis, keys, beacons, follower },
    envelopes: createSignatureChecks(options.envelopes),
    state: part?.state ?? genesisState(genesis, shard),
    ledger: new EventLedger(eventPartitions, faults, isProven, isBegun, part?.isLast ?? true),
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
  const blocks = await openLogReading(reader, topics.blocks, [shard], () => part?.blocks ?? {});
  // A height's events were written with it, so their ends, looked up later, hold all of them.
  const partitions = Array.from({ length: eventPartitions }, (_, partition) => partition);
  const events = await openLogReading(
    ...([reader, topics.events, partitions] as const),
    (partition) => part?.events[partition] ?? {},
  );
  const onRead = (): void => {
    const { height } = verification.follower.tip;
    const share = (blocks.read() + events.read()) / Math.max(1, blocks.offsets + events.offsets);
    options.onProgress({ height, commands: verification.commands, share });
  };
  try {
    await compare(verification, blocks, events, onRead);
    await verification.envelopes.all();
    await expectGood(verification);
  } finally {
    await blocks.close();
    await events.close();
  }
  return { report: report(verification), tip: verification.follower.tip };
}

/** Whether recovery keys began this epoch, by what is known of those up to the newest. */
function beganBy(start: EpochStart, keys: EpochKeys, verifier: SignatureVerifier): boolean {
  for (let before: EpochKeys | null = keys; before !== null; before = before.previous) {
    if (before.epoch < start.epoch) return keysAfter(before, start, verifier) !== null;
  }
  return false;
}

/**
 * Executes no further than the events that are read need it, so that no more is held of them than
 * lies between the partitions.
 */
async function compare(
  verification: Verification,
  blocks: LogReading,
  events: LogReading,
  onRead: () => void,
): Promise<void> {
  const { ledger } = verification;
  const heights = executing(verification, blocks, onRead);
  for (const partition of events.empty) ledger.ended(partition);
  for (let batch = await events.next(); batch !== null; batch = await events.next()) {
    const { partition, records, isLast } = batch;
    for (const { offset, value } of records) {
      for (;;) {
        const height = ledger.found(partition, offset, value);
        if (height === null) break;
        await heights.upTo(height);
      }
    }
    if (isLast) ledger.ended(partition);
    onRead();
  }
  await heights.upTo(Number.MAX_SAFE_INTEGER);
}

/** Executes the heights of the log, as far as somebody asks. */
function executing(verification: Verification, blocks: LogReading, onRead: () => void) {
  const { ledger, beacons } = verification;
  let batch: PartitionRecords | null = null;
  let index = 0;
  return {
    async upTo(height: number): Promise<void> {
      while (ledger.lastHeight < height) {
        if (verification.broken) return ledger.expectNoMore();
        const record = batch?.records[index];
        if (batch !== null && record !== undefined) {
          index++;
          const wait = onBlock(verification, batch.partition, record.offset, record.value);
          if (wait !== null) await wait;
          continue;
        }
        onRead();
        beacons.verify();
        if (beacons.open > PROJECTION_BEACONS_MAX) await beacons.settled();
        batch = await blocks.next();
        index = 0;
        if (batch === null) return ledger.expectNoMore();
      }
    },
  };
}

/** Waits for the beacons of all that was executed. */
async function expectGood({ beacons, faults }: Verification): Promise<void> {
  beacons.verify();
  const wrong = await beacons.settled();
  if (wrong !== null) faults.add(`height ${wrong}`, 'its group did not sign the certified beacon');
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
    case 'epoch':
      verification.keys = outcome.keys;
      return null;
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
  const executed = executeBlock(state, block, result.seed, { opened, engine: engineOf(result) });
  for (const root of ['stateRoot', 'eventsRoot'] as const) {
    if (equalBytes(executed[root], result[root])) continue;
    // What execution makes of later heights follows from this one: they would all differ.
    verification.broken = true;
    faults.add(`height ${height}`, `execution gives another ${root}`);
  }
  if (verification.broken) return;
  ledger.expect(height, executed.events);
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
  const { heights, commands, events, ledger, faults, state } = verification;
  const counts = {
    events,
    repeated: verification.repeated + ledger.repeated,
    missing: ledger.missing,
    dropped: verification.dropped + ledger.dropped,
    height: state.height,
    stateRoot: toHex(treeRoot(state.tree)),
    parts: 1,
  };
  const ok = faults.count() === 0;
  return { heights, commands, ok, ...counts, ...(ok ? {} : { faults: faults.lines() }) };
}
