import { assert, present } from '../../schemas/kernel/assert.js';
import { LOG_ROW_BYTES_MAX } from '../../schemas/limits.js';
import type { LogRecord, LogWriter } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { checkAppend } from '../../schemas/logRecords.js';
import { type ConnectionOptions, connectClient } from './connection.js';
import { type LogCatalog, toLogError } from './logCatalog.js';
import { framedBytes, writeFrame } from './logFrame.js';

/** The arguments of nullspace_log.append after writer and epoch. */
interface AppendRows {
  readonly partitionIds: number[];
  readonly recordCounts: number[];
  readonly byteCounts: number[];
  readonly payload: Buffer;
}

/**
 * All rows of an append: partitions in ascending order of their ids, the records of each in their
 * own order, cut at LOG_ROW_BYTES_MAX. One payload, because the driver sends a lone Buffer as
 * binary, but an array of them as hex text.
 */
function planRows(records: readonly LogRecord[], catalog: LogCatalog): AppendRows {
  const byPartition = new Map<number, LogRecord[]>();
  let total = 0;
  for (const record of records) {
    const topic = present(catalog.known(record.topic), 'a checked topic');
    const id = present(topic.partitionIds[record.partition], 'a checked partition');
    const group = byPartition.get(id);
    if (group === undefined) byPartition.set(id, [record]);
    else group.push(record);
    total += framedBytes(record);
  }
  const payload = Buffer.allocUnsafe(total);
  const rows: AppendRows = { partitionIds: [], recordCounts: [], byteCounts: [], payload };
  let position = 0;
  for (const id of [...byPartition.keys()].sort((a, b) => a - b)) {
    position = addRows(rows, id, present(byPartition.get(id), 'a group'), position);
  }
  assert(position === total, 'the payload is not full');
  return rows;
}

function addRows(
  rows: AppendRows,
  partitionId: number,
  records: readonly LogRecord[],
  from: number,
): number {
  let rowStart = from;
  let position = from;
  let count = 0;
  const closeRow = (): void => {
    rows.partitionIds.push(partitionId);
    rows.recordCounts.push(count);
    rows.byteCounts.push(position - rowStart);
    rowStart = position;
    count = 0;
  };
  for (const record of records) {
    const isFull = position - rowStart + framedBytes(record) > LOG_ROW_BYTES_MAX;
    if (count > 0 && isFull) closeRow();
    position = writeFrame(rows.payload, position, record);
    count++;
  }
  closeRow();
  return position;
}

/** An append waits this long for locks and disk before the server gives it up. */
const APPEND_TIMEOUT_MS = 15_000;

/** Opens a writer on a connection of its own, fencing the one before it. @throws LogError */
export async function openPostgresWriter(
  options: ConnectionOptions,
  catalog: LogCatalog,
  writerId: string,
): Promise<LogWriter> {
  let lost = false;
  const connection = { ...options, statementTimeoutMs: APPEND_TIMEOUT_MS };
  const client = await connectClient(connection, () => (lost = true)).catch((error: unknown) => {
    throw toLogError(error);
  });
  let usable = true;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    usable = false;
    return (closing ??= lost ? Promise.resolve() : client.end());
  };
  let epoch: string;
  try {
    // Durable on return, also where the server's default is not; stricter settings stay.
    await client.query(
      `select set_config('synchronous_commit', 'on', false)
       where current_setting('synchronous_commit') in ('off', 'local')`,
    );
    const opened = await client.query('select nullspace_log.open_writer($1) as epoch', [writerId]);
    epoch = opened.rows[0].epoch;
    await catalog.refresh();
  } catch (error) {
    await close();
    throw toLogError(error);
  }
  let busy = false;
  const append = async (records: readonly LogRecord[]): Promise<void> => {
    assert(!busy, 'one append at a time');
    if (!usable) throw new LogError('discarded', `writer ${writerId} is no longer usable`);
    checkAppend(records, catalog.known);
    if (records.length === 0) return;
    const rows = planRows(records, catalog);
    busy = true;
    try {
      await client.query({
        name: 'nullspace_log_append',
        text: 'select nullspace_log.append($1, $2, $3, $4, $5, $6)',
        values: [
          writerId,
          epoch,
          rows.partitionIds,
          rows.recordCounts,
          rows.byteCounts,
          rows.payload,
        ],
      });
    } catch (error) {
      usable = false;
      throw toLogError(error);
    } finally {
      busy = false;
    }
  };
  return { append, close };
}
