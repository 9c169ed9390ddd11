import { inlineBatchVerifier } from '../../infra/crypto/inlineBatchVerifier.js';
import { createNativeBeacon } from '../../infra/crypto/nativeBeacon.js';
import { nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { verifyLog } from '../../infra/verify/verifyLog.js';
import { decode } from '../../schemas/codec/codec.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import type { LogReader, StoredRecord } from '../../schemas/log.js';
import { topicNames } from '../../schemas/topics.js';
import type { Genesis } from '../../schemas/types/genesis.js';
import type { Told } from './playersLoad.js';

/** What a log holds against what validators certified and players were told. */
export interface LogFindings {
  readonly heights: number;
  /** Heights and events that should stand in the log and do not. */
  readonly missing: number;
  /** Heights, marks and events that stand there more than once. */
  readonly doubled: number;
  /** Two histories, or a command that ended in the log otherwise than its player was told. */
  readonly conflicts: number;
  /** Accepted commands that neither ended in the log nor can have expired. */
  readonly lostAccepted: number;
  /** The first thing that is wrong, in words. */
  readonly fault: string | null;
}

interface Receipt {
  readonly kind: 'executed' | 'refused';
  readonly height: number;
}

interface Contents {
  /** By command id. */
  readonly receipts: ReadonlyMap<string, Receipt>;
  /** Copies beyond the first of blocks and marks; verifyLog counts those of events. */
  readonly copies: number;
  readonly lastTimeMs: number;
}

async function* everyRecord(
  reader: LogReader,
  topic: string,
  partition: number,
): AsyncGenerator<StoredRecord> {
  const { first, end } = await reader.offsets(topic, partition);
  if (first === end) return;
  const partitions = [{ topic, partition, fromOffset: first }];
  const subscription = await reader.subscribe({ partitions, maxBatchBytes: 4 * 1024 * 1024 });
  for await (const batch of subscription.batches) {
    yield* batch.records;
    if (batch.nextOffset >= end) break;
  }
  await subscription.close();
}

async function readContents(genesis: Genesis, reader: LogReader): Promise<Contents> {
  const { chainId } = genesisEpoch(genesis, 0);
  const topics = topicNames(chainId);
  const receipts = new Map<string, Receipt>();
  const marks = new Set<string>();
  let copies = 0;
  let lastTimeMs = 0;
  for await (const { timestampMs } of everyRecord(reader, topics.blocks, 0)) {
    lastTimeMs = Math.max(lastTimeMs, timestampMs);
  }
  for (let partition = 0; partition < genesis.eventPartitions; partition++) {
    for await (const { value } of everyRecord(reader, topics.events, partition)) {
      const decoded = decode('EventsRecord', value);
      if (!decoded.ok) continue;
      const { body } = decoded.value;
      if (body.kind === 'HeightMark') {
        const name = `${partition}/${body.height}`;
        if (marks.has(name)) copies++;
        marks.add(name);
      } else if (body.kind === 'EventEnvelope') {
        const { height } = body;
        const receipt = body.body;
        if (receipt.kind === 'CommandExecuted') {
          receipts.set(toHex(receipt.commandId), { kind: 'executed', height });
        } else if (receipt.kind === 'CommandRefused') {
          receipts.set(toHex(receipt.commandId), { kind: 'refused', height });
        }
      }
    }
  }
  return { receipts, copies, lastTimeMs };
}

/** `certifiedHeight` is what validators had certified, all of it published since. */
export async function checkLog(options: {
  readonly genesis: Genesis;
  readonly reader: LogReader;
  readonly told: readonly Told[];
  readonly certifiedHeight: number;
}): Promise<LogFindings> {
  const { genesis, reader, told, certifiedHeight } = options;
  const report = await verifyLog({
    genesis,
    shard: 0,
    reader,
    fromHeight: 0,
    signatures: nativeVerifier(),
    beacons: await createNativeBeacon(),
    envelopes: inlineBatchVerifier(nativeVerifier()),
    onProgress: () => {},
  });
  const contents = await readContents(genesis, reader);
  const faults = [...(report.faults ?? [])];
  const conflicts = told.filter((each) => isConflict(each, contents));
  if (conflicts[0] !== undefined) faults.push(`told otherwise: ${JSON.stringify(conflicts[0])}`);
  const lost = lostOf(told, contents);
  if (lost[0] !== undefined) faults.push(`accepted and lost: ${lost[0]}`);
  return {
    heights: report.heights,
    missing: report.missing + Math.max(0, certifiedHeight - report.heights),
    doubled: report.repeated + contents.copies,
    conflicts: conflicts.length + (report.ok || report.missing > 0 ? 0 : 1),
    lostAccepted: lost.length,
    fault: faults[0] ?? null,
  };
}

function isConflict(told: Told, { receipts }: Contents): boolean {
  const receipt = receipts.get(told.id);
  if (told.kind === 'accepted') return false;
  if (told.kind === 'expired') return receipt !== undefined;
  return receipt?.kind !== told.kind || receipt.height !== told.height;
}

function lostOf(told: readonly Told[], { receipts, lastTimeMs }: Contents): string[] {
  const expired = new Set(told.filter(({ kind }) => kind === 'expired').map(({ id }) => id));
  return told.flatMap((each) => {
    if (each.kind !== 'accepted' || receipts.has(each.id) || expired.has(each.id)) return [];
    // Of a run that was stopped: nobody was there to be told, and no block can hold it any more.
    return lastTimeMs >= each.byMs ? [] : [each.id];
  });
}
