import { setImmediate as socketsTurn } from 'node:timers/promises';
import type pg from 'pg';
import { assert, present } from '../../schemas/kernel/assert.js';
import { LOG_READ_ROWS_MAX } from '../../schemas/limits.js';
import type {
  LogBatch,
  LogReader,
  LogSubscription,
  PartitionStart,
  StoredRecord,
} from '../../schemas/log.js';
import { checkOffset, cutBatches } from '../../schemas/logRecords.js';
import type { AdapterLog } from './connection.js';
import { copyRowsOut } from './copyOut.js';
import { type LogCatalog, toLogError } from './logCatalog.js';
import { readFrames } from './logFrame.js';
import type { LogWakeups } from './logWakeups.js';

/** A partition's share of one fetch is at least this, however many partitions there are. */
const FETCH_MIN_BYTES = 64 * 1024;
/**
 * A consumer gets no more at once, so that it works for few ms between two turns of the sockets.
 */
const SLICE_BYTES = 64 * 1024;
/** They have their turn after so much work: small batches of many partitions are done before. */
const SOCKETS_WAIT_MS = 2;

/** Places of a statement, or literals, of what `fetchSql` wants. */
interface FetchTerms {
  readonly ids: string;
  readonly offsets: string;
  readonly bytes: string;
  readonly rows: string;
}

/**
 * Everything that is new in any of the wanted partitions, in one statement and so of one snapshot:
 * at most so many rows and about so many bytes of each partition, beginning with the row that holds
 * its position. Each row is looked up by itself: joined, a plan from when the log was short would
 * read all rows of a partition for one.
 */
export const fetchSql = ({ ids, offsets, bytes, rows }: FetchTerms): string => `
select want.id, p.next_offset, b.base_offset, b.record_count, b.payload
from unnest(${ids}::int[], ${offsets}::bigint[]) as want (id, from_offset)
join nullspace_log.partitions p on p.id = want.id and p.next_offset > want.from_offset
left join lateral (
  select row.base_offset, row.record_count, row.payload
  from (
    select base_offset,
           sum(size_bytes) over (order by base_offset) - size_bytes as bytes_before
    from (
      select base_offset, size_bytes from nullspace_log.batches
      where partition_id = want.id and base_offset >= coalesce((
        select max(base_offset) from nullspace_log.batches
        where partition_id = want.id and base_offset <= want.from_offset), 0)
      order by base_offset limit ${rows}
    ) head
  ) budget
  cross join lateral (
    select * from nullspace_log.batches
    where partition_id = want.id and base_offset = budget.base_offset limit 1
  ) row
  where budget.bytes_before < ${bytes}
) b on true
order by want.id, b.base_offset`;

const FETCH = fetchSql({ ids: '$1', offsets: '$2', bytes: '$3', rows: '$4' });

const RANGE = `
select p.next_offset, coalesce(
  (select min(base_offset) from nullspace_log.batches where partition_id = p.id),
  p.next_offset) as first
from nullspace_log.partitions p where p.id = $1`;

interface FetchRow {
  readonly id: number;
  readonly next_offset: string | bigint;
  /** Null in all three when rows up to the partition's end were removed by an operator. */
  readonly base_offset: string | bigint | null;
  readonly record_count: number | null;
  readonly payload: Buffer | null;
}

/** A partition that is read, and how far. */
interface Cursor {
  readonly topic: string;
  readonly partition: number;
  nextOffset: bigint;
}

interface Source {
  readonly pool: pg.Pool;
  readonly catalog: LogCatalog;
  readonly wakeups: LogWakeups;
  readonly log: AdapterLog;
}

async function readRange(
  source: Source,
  topic: string,
  partition: number,
): Promise<{ first: bigint; end: bigint; partitionId: number }> {
  const { partitionId } = await source.catalog.find(topic, partition);
  const { rows } = await source.pool.query(RANGE, [partitionId]).catch((error: unknown) => {
    throw toLogError(error);
  });
  return { first: BigInt(rows[0].first), end: BigInt(rows[0].next_offset), partitionId };
}

/** What a fetch brought of one partition; records are made of it when their turn comes. */
interface FetchedRows {
  readonly topic: string;
  readonly partition: number;
  readonly rows: readonly FetchRow[];
  readonly fromOffset: bigint;
  readonly nextOffset: bigint;
  readonly endOffset: bigint;
}

/** Takes the rows of one partition and moves its cursor past them. */
function takeRows(rows: readonly FetchRow[], cursor: Cursor): FetchedRows {
  const { topic, partition, nextOffset: fromOffset } = cursor;
  const endOffset = BigInt(present(rows[0], 'a row').next_offset);
  const last = present(rows.at(-1), 'a row');
  const nextOffset =
    last.base_offset === null
      ? endOffset
      : BigInt(last.base_offset) + BigInt(present(last.record_count, 'record_count'));
  cursor.nextOffset = nextOffset;
  return { topic, partition, rows, fromOffset, nextOffset, endOffset };
}

/** The records of each row, opened one row after the other. */
function* openRows(fetched: FetchedRows, log: AdapterLog): Generator<readonly StoredRecord[]> {
  const { topic, partition, rows, fromOffset } = fetched;
  for (const row of rows) {
    if (row.base_offset === null) return;
    const baseOffset = BigInt(row.base_offset);
    const recordCount = present(row.record_count, 'record_count');
    const payload = present(row.payload, 'payload');
    const batch = { topic, partition, baseOffset, recordCount, payload };
    const frames = readFrames(batch, fromOffset);
    if (frames.malformed) log.warn({ topic, partition, baseOffset }, 'malformed batch in the log');
    yield frames.records;
  }
}

/**
 * Makes batches as they are asked for: thousands of records that all wait for their turn would be
 * copied by the collector again and again.
 */
function* batchesOf(
  fetched: readonly FetchedRows[],
  maxBatchBytes: number,
  log: AdapterLog,
): Generator<LogBatch> {
  const sliceBytes = Math.min(maxBatchBytes, SLICE_BYTES);
  for (const each of fetched) {
    const { topic, partition, nextOffset, endOffset } = each;
    const parts = openRows(each, log);
    yield* cutBatches({ topic, partition, parts, nextOffset, endOffset }, sliceBytes);
  }
}

/** What a fetch asks for: a position a partition, in one order, and how much of each. */
interface Wanted {
  readonly ids: readonly number[];
  readonly offsets: readonly bigint[];
  readonly shareBytes: number;
}

/** By a prepared statement: nothing is planned, but bytes come as text. For the log's end. */
async function fetchPrepared(pool: pg.Pool, wanted: Wanted): Promise<readonly FetchRow[]> {
  const offsets = wanted.offsets.map(String);
  const values = [wanted.ids, offsets, wanted.shareBytes, LOG_READ_ROWS_MAX];
  const { rows } = await pool.query({ name: 'nullspace_log_fetch', text: FETCH, values });
  return rows;
}

/** By COPY: a third of the server's work for many bytes, and a fifth of ours. */
async function fetchCopied(pool: pg.Pool, wanted: Wanted): Promise<readonly FetchRow[]> {
  const text = fetchSql({
    ids: `array[${wanted.ids.join()}]`,
    offsets: `array[${wanted.offsets.join()}]`,
    bytes: String(wanted.shareBytes),
    rows: String(LOG_READ_ROWS_MAX),
  });
  const rows = await copyRowsOut(pool, text);
  return rows.map(([id, nextOffset, baseOffset, recordCount, payload]) => ({
    id: present(id, 'id').readInt32BE(),
    next_offset: present(nextOffset, 'next_offset').readBigInt64BE(),
    base_offset: baseOffset?.readBigInt64BE() ?? null,
    record_count: recordCount?.readInt32BE() ?? null,
    payload: payload ?? null,
  }));
}

async function fetchNew(
  source: Source,
  cursors: ReadonlyMap<number, Cursor>,
  maxBatchBytes: number,
  isBehind: boolean,
): Promise<readonly FetchedRows[]> {
  const ids = [...cursors.keys()];
  const shareBytes = Math.max(FETCH_MIN_BYTES, Math.floor(maxBatchBytes / ids.length));
  const offsets = ids.map((id) => present(cursors.get(id), 'a cursor').nextOffset);
  const fetch = isBehind ? fetchCopied : fetchPrepared;
  const rows = await fetch(source.pool, { ids, offsets, shareBytes }).catch((error: unknown) => {
    throw toLogError(error);
  });
  const fetched: FetchedRows[] = [];
  for (let from = 0; from < rows.length; ) {
    const id = present(rows[from], 'a row').id;
    let to = from;
    while (rows[to]?.id === id) to++;
    const cursor = present(cursors.get(id), 'a cursor');
    fetched.push(takeRows(rows.slice(from, to), cursor));
    from = to;
  }
  return fetched;
}

/** Fetches ahead while the consumer works, as long as there is more to have. */
async function* follow(
  source: Source,
  cursors: ReadonlyMap<number, Cursor>,
  maxBatchBytes: number,
  isClosed: () => boolean,
): AsyncGenerator<LogBatch, void, void> {
  let ahead: Promise<readonly FetchedRows[]> | null = null;
  let isBehind = true; // who begins may be far behind
  while (!isClosed()) {
    const seen = source.wakeups.count;
    const fetching: Promise<readonly FetchedRows[]> =
      ahead ?? fetchNew(source, cursors, maxBatchBytes, isBehind);
    ahead = null;
    const fetched = await fetching.catch((error: unknown) => {
      if (isClosed()) return []; // the connection was taken away under a reader that ends anyway
      throw error;
    });
    if (fetched.length === 0) {
      await source.wakeups.wait(seen);
      continue;
    }
    isBehind = fetched.some(({ nextOffset, endOffset }) => nextOffset < endOffset);
    if (isBehind) {
      ahead = fetchNew(source, cursors, maxBatchBytes, isBehind);
      ahead.catch(() => {}); // its error is thrown where it is awaited, unless we close first
    }
    const batches = batchesOf(fetched, maxBatchBytes, source.log);
    let turnAtMs = performance.now();
    for (let next = batches.next(); !next.done; ) {
      const batch = next.value;
      if (isClosed()) return;
      next = batches.next();
      yield next.done ? batch : { ...batch, isFollowed: true };
      // A consumer that works on each without waiting would keep its own writes from the server.
      if (performance.now() - turnAtMs < SOCKETS_WAIT_MS) continue;
      await socketsTurn();
      turnAtMs = performance.now();
    }
  }
}

export function createPostgresReader(source: Source): LogReader {
  const open = new Set<LogSubscription>();
  const subscribe = async (options: {
    readonly partitions: readonly PartitionStart[];
    readonly maxBatchBytes: number;
  }): Promise<LogSubscription> => {
    assert(options.maxBatchBytes > 0, 'maxBatchBytes must be positive');
    assert(options.partitions.length > 0, 'a subscription needs a partition');
    const cursors = new Map<number, Cursor>();
    for (const { topic, partition, fromOffset } of options.partitions) {
      const range = await readRange(source, topic, partition);
      checkOffset(topic, partition, fromOffset, range);
      assert(!cursors.has(range.partitionId), `${topic}/${partition} is wanted twice`);
      cursors.set(range.partitionId, { topic, partition, nextOffset: fromOffset });
    }
    let closed = false;
    const subscription: LogSubscription = {
      batches: follow(source, cursors, options.maxBatchBytes, () => closed),
      close: async () => {
        closed = true;
        open.delete(subscription);
        source.wakeups.wakeAll();
      },
    };
    open.add(subscription);
    return subscription;
  };
  return {
    subscribe,
    offsets: async (topic, partition) => {
      const { first, end } = await readRange(source, topic, partition);
      return { first, end };
    },
    close: async () => {
      for (const subscription of [...open]) await subscription.close();
    },
  };
}
