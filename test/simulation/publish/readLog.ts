import { BLOCKS_PARTITION, type Checkpoint } from '../../../projections/ports.js';
import type { ReadModel } from '../../../projections/readModel.js';
import { RowBatch } from '../../../projections/runner/rowBatch.js';
import { createSource, type Source } from '../../../projections/runner/source.js';
import { decode } from '../../../schemas/codec/codec.js';
import type { Verifiers } from '../../../schemas/crypto/certifiedBlock.js';
import type { ChainTip, EpochKeys } from '../../../schemas/crypto/epochKeys.js';
import type { LogReader, StoredRecord } from '../../../schemas/log.js';
import type { TopicNames } from '../../../schemas/topics.js';

/** What a reader by the reader's rule makes of a log. */
export interface ReadBack {
  /** Heights that it accepted, in their order. */
  readonly heights: readonly number[];
  /** `partition/height` → how many events it committed there, in their order. */
  readonly events: ReadonlyMap<string, number>;
  /** The height up to which each partition is known to be complete. */
  readonly marked: readonly number[];
  /** How often a height's block, a partition's mark of it or an event stands in the log at most. */
  readonly copiesMax: number;
}

export interface ReadLogOptions {
  readonly reader: LogReader;
  readonly topics: TopicNames;
  readonly keys: EpochKeys;
  readonly verifiers: Verifiers;
  readonly eventPartitions: number;
  readonly start: ChainTip;
}

async function recordsOf(
  reader: LogReader,
  topic: string,
  partition: number,
): Promise<StoredRecord[]> {
  const { first, end } = await reader.offsets(topic, partition);
  const records: StoredRecord[] = [];
  if (first === end) return records;
  const partitions = [{ topic, partition, fromOffset: first }];
  const subscription = await reader.subscribe({ partitions, maxBatchBytes: 1_000_000 });
  for await (const batch of subscription.batches) {
    records.push(...batch.records);
    if (batch.nextOffset >= end) break;
  }
  await subscription.close();
  return records;
}

/** Reads everything up to the end, over again where the reader's rule says so. */
function feed(source: Source, records: readonly StoredRecord[]): void {
  const rows = new RowBatch();
  for (let at = 0; at < records.length; at++) {
    const { value, offset } = records[at] as StoredRecord;
    source.read(value, offset, rows);
    const again = source.takeReread();
    if (again === null) continue;
    const from = records.findIndex((record) => record.offset >= again);
    at = (from === -1 ? records.length : from) - 1;
  }
  if (source.conflict !== null) throw new Error(source.conflict);
}

/** The same for all copies of a height's block, of a mark and of an event, whoever signed them. */
function nameOf(value: Uint8Array): string {
  const block = decode('BlocksRecord', value);
  if (block.ok && block.value.body.kind === 'CertifiedBlock') {
    return `block ${block.value.body.block.header.height}`;
  }
  const event = decode('EventsRecord', value);
  if (event.ok && event.value.body.kind === 'HeightMark') return `mark ${event.value.body.height}`;
  return Buffer.from(value).toString('latin1');
}

export async function readLog(options: ReadLogOptions): Promise<ReadBack> {
  const { reader, topics, keys, verifiers, eventPartitions, start } = options;
  const heights: number[] = [];
  const events = new Map<string, number>();
  const model: ReadModel = {
    name: 'what was read',
    tables: [],
    foldBlock: ({ certified }) => void heights.push(certified.block.header.height),
    foldEvents({ partition, height, events: committed }) {
      const key = `${partition}/${height}`;
      events.set(key, (events.get(key) ?? 0) + committed.length);
    },
  };
  const shared = { keys, eventPartitions, verifiers, models: [model], onDropped: () => {} };
  const checkpoint = (partition: number): Checkpoint => ({
    ...start,
    shard: keys.shard,
    partition,
    lastEventHeight: start.height,
    position: 0n,
  });
  const copies = new Map<string, number>();
  const count = (name: string): void => void copies.set(name, (copies.get(name) ?? 0) + 1);
  const blocks = await recordsOf(reader, topics.blocks, keys.shard);
  feed(createSource(shared, checkpoint(BLOCKS_PARTITION)), blocks);
  const marked: number[] = [];
  for (let partition = 0; partition < eventPartitions; partition++) {
    const records = await recordsOf(reader, topics.events, partition);
    const source = createSource(shared, checkpoint(partition));
    feed(source, records);
    marked.push(source.checkpoint.height);
    for (const { value } of records) count(`${partition} ${nameOf(value)}`);
  }
  for (const { value } of blocks) count(nameOf(value));
  return { heights, events, marked, copiesMax: Math.max(0, ...copies.values()) };
}
