import { decode } from '../../../schemas/codec/codec.js';
import { type Verifiers, verifyResultCertificate } from '../../../schemas/crypto/certifiedBlock.js';
import { eventHash } from '../../../schemas/crypto/digests.js';
import { type EpochKeys, genesisEpoch, genesisTip } from '../../../schemas/crypto/epochKeys.js';
import { verifyHeightMark } from '../../../schemas/crypto/eventsRoot.js';
import { present } from '../../../schemas/kernel/assert.js';
import { byteKey } from '../../../schemas/kernel/byteKey.js';
import { MAX_FRAME_BYTES, VERIFY_BATCH_BYTES } from '../../../schemas/limits.js';
import type { LogReader, LogRecord, StoredRecord } from '../../../schemas/log.js';
import { createBlocksFollower } from '../../../schemas/reading/blocksFollower.js';
import { topicNames } from '../../../schemas/topics.js';
import type { HeightMark } from '../../../schemas/types/event.js';
import type { Genesis } from '../../../schemas/types/genesis.js';

interface Source {
  readonly genesis: Genesis;
  readonly reader: LogReader;
  readonly verifiers: Verifiers;
}

/** What a quorum has certified of a log, each once and in order, and nothing else. */
export interface CertifiedContent {
  /** By height, from 1 on. */
  readonly heights: readonly (readonly LogRecord[])[];
  /** Records of the log that are not among them: repeats and forgeries. */
  readonly others: number;
}

const SHARD = 0;

async function* recordsOf(
  reader: LogReader,
  topic: string,
  partition: number,
): AsyncGenerator<StoredRecord> {
  const { first, end } = await reader.offsets(topic, partition);
  if (first >= end) return;
  const subscription = await reader.subscribe({
    partitions: [{ topic, partition, fromOffset: first }],
    maxBatchBytes: VERIFY_BATCH_BYTES,
  });
  try {
    for await (const { records, nextOffset } of subscription.batches) {
      yield* records;
      if (nextOffset >= end) return;
    }
  } finally {
    await subscription.close();
  }
}

/** The first good copy of every block, wherever it stands. */
async function blocksOf(
  { genesis, reader, verifiers }: Source,
  keys: EpochKeys,
  onRead: () => void,
): Promise<LogRecord[]> {
  const { blocks } = topicNames(keys.chainId);
  const copies = new Map<number, LogRecord[]>();
  for await (const record of recordsOf(reader, blocks, SHARD)) {
    onRead();
    const decoded = decode('BlocksRecord', record.value, MAX_FRAME_BYTES);
    if (!decoded.ok || decoded.value.body.kind !== 'CertifiedBlock') continue;
    const { block, certificate } = decoded.value.body;
    if (!verifyResultCertificate(certificate, keys, verifiers.signatures)) continue;
    const known = copies.get(block.header.height);
    if (known === undefined) copies.set(block.header.height, [record]);
    else known.push(record);
  }
  const tip = genesisTip(genesis, SHARD);
  const follower = createBlocksFollower({ keys, tip, verifiers });
  const found: LogRecord[] = [];
  for (let height = 1; ; height++) {
    const isNext = ({ value }: LogRecord): boolean => follower.read(value).kind === 'accepted';
    const good = copies.get(height)?.find(isNext);
    if (good === undefined) return found;
    found.push(good);
  }
}

interface Marked {
  readonly mark: HeightMark;
  readonly record: LogRecord;
}

/** Two readings: first the marks that are certified, then the events that they list. */
async function eventsOf(
  { genesis, reader, verifiers }: Source,
  keys: EpochKeys,
  partition: number,
  onRead: () => void,
): Promise<Map<number, LogRecord[]>> {
  const { events } = topicNames(keys.chainId);
  const marks = new Map<number, Marked>();
  for await (const record of recordsOf(reader, events, partition)) {
    onRead();
    const decoded = decode('EventsRecord', record.value, MAX_FRAME_BYTES);
    if (!decoded.ok || decoded.value.body.kind !== 'HeightMark') continue;
    const mark = decoded.value.body;
    if (marks.has(mark.height) || mark.partition !== partition) continue;
    const { eventPartitions } = genesis;
    if (!verifyHeightMark(mark, keys, eventPartitions, verifiers.signatures)) continue;
    marks.set(mark.height, { mark, record });
  }
  const listed = new Map<string, LogRecord | null>();
  for (const { mark } of marks.values()) {
    for (const hash of mark.eventHashes) listed.set(byteKey(hash), null);
  }
  for await (const record of recordsOf(reader, events, partition)) {
    const name = byteKey(eventHash(record.value));
    if (listed.get(name) === null) listed.set(name, record);
  }
  const found = new Map<number, LogRecord[]>();
  for (const [height, { mark, record }] of marks) {
    const own = mark.eventHashes.map((hash) =>
      present(listed.get(byteKey(hash)), `an event of ${height} in partition ${partition}`),
    );
    found.set(height, [...own, record]);
  }
  return found;
}

/**
 * Reads a whole log without the reader's rule that it is there to test: it takes any order and
 * any distance, and holds everything certified in memory.
 */
export async function certifiedContent(source: Source): Promise<CertifiedContent> {
  const keys = genesisEpoch(source.genesis, SHARD);
  let read = 0;
  const onRead = (): void => void read++;
  const blocks = await blocksOf(source, keys, onRead);
  const heights = blocks.map((block) => [block]);
  for (let partition = 0; partition < source.genesis.eventPartitions; partition++) {
    for (const [height, records] of await eventsOf(source, keys, partition, onRead)) {
      heights[height - 1]?.push(...records);
    }
  }
  const kept = heights.reduce((sum, records) => sum + records.length, 0);
  return { heights, others: read - kept };
}
