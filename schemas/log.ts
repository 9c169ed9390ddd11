/**
 * The log as its writers and readers see it: partitions of records, appended atomically, read in
 * order. Positions are hints, never facts of consensus: what a record proves stands in its value.
 * Adapters: infra/postgres/postgresLog.ts, infra/kafka/kafkaLog.ts, test/simulation/memoryLog.ts.
 */

/** What a publisher hands over. `timestampMs` is block time. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly timestampMs: number;
}

export interface StoredRecord extends LogRecord {
  /** Grows along a partition; not dense (transaction markers take offsets on Kafka). */
  readonly offset: bigint;
}

/** A run of committed records of one partition, in offset order. */
export interface LogBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly StoredRecord[];
  /** Where to go on reading; past markers and aborted records too. */
  readonly nextOffset: bigint;
  /** The partition's end when the batch was read; `nextOffset === endOffset` means at the tail. */
  readonly endOffset: bigint;
  /** The next batch has been read as well and comes without waiting; a hint. */
  readonly isFollowed?: true;
}

export interface PartitionStart {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: bigint;
}

/**
 * The only writer of its shard, while it lasts. Opening another with the same `writerId` fences
 * this one: every later append of it fails with a fenced error and none of its records becomes
 * visible.
 */
export interface LogWriter {
  /**
   * Appends all records in one transaction, in order, all or nothing, durable and readable on
   * return. On any rejection it is unknown whether they were written: close this writer, open a new
   * one, read the tail back. Never retried on the same writer. One append at a time.
   */
  append(records: readonly LogRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface LogSubscription {
  /**
   * Batches of all the given partitions, each partition in order; waits at the tail; ends on close.
   */
  readonly batches: AsyncIterable<LogBatch>;
  close(): Promise<void>;
}

export interface LogReader {
  /**
   * Committed records only. `maxBatchBytes` bounds a batch (one larger record still comes alone).
   */
  subscribe(options: {
    readonly partitions: readonly PartitionStart[];
    readonly maxBatchBytes: number;
  }): Promise<LogSubscription>;
  /** First readable offset and the end (next offset to be written, committed) of a partition. */
  offsets(topic: string, partition: number): Promise<{ first: bigint; end: bigint }>;
  close(): Promise<void>;
}

export interface TopicSpecification {
  readonly name: string;
  readonly partitions: number;
  readonly compacted: boolean;
  readonly maxMessageBytes: number;
}

/** What a process holds to reach the log. */
export interface Log {
  readonly reader: LogReader;
  openWriter(writerId: string): Promise<LogWriter>;
  /** Creates what is missing; throws when a topic exists with other partitions or settings. */
  ensureTopics(topics: readonly TopicSpecification[]): Promise<void>;
  close(): Promise<void>;
}
