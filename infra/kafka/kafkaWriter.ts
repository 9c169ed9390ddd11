import { assert } from '../../schemas/kernel/assert.js';
import type { LogRecord, LogWriter } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';
import { checkAppend } from '../../schemas/logRecords.js';
import type { AdapterLog } from '../postgres/connection.js';
import { coordinatorRefusal } from './coordinatorRefusal.js';
import { toLogError } from './errors.js';
import { commitForgotten, heldBack } from './forgottenTransaction.js';
import { type LogCluster, nameOf } from './logCluster.js';
import { readableWait } from './readableWait.js';
import type { TopicCatalog } from './topicCatalog.js';
import { TRANSACTION_TIMEOUT_MS, type Transactions } from './transactions.js';

interface WriterOptions {
  readonly openTransactions: (writerId: string) => Promise<Transactions>;
  readonly catalog: TopicCatalog;
  /** To ask where partitions end. */
  readonly cluster: LogCluster;
  readonly writerId: string;
  readonly log: AdapterLog;
}

/**
 * Opens transactions, and once more where the broker turns out to have forgotten what the writer
 * before committed: then that is committed first. Partitions that are held back for other reasons,
 * as by the transaction of another writer, are none of this one's business.
 * @throws the client's errors
 */
async function openSettled(options: WriterOptions): Promise<Transactions> {
  const { openTransactions, catalog, cluster, writerId, log } = options;
  const opened = await openTransactions(writerId);
  try {
    const held = await heldBack(cluster, catalog.partitions());
    if (held.length === 0) return opened;
    log.info({ writerId, partitions: held.map(nameOf) }, 'committing what may be forgotten');
    await commitForgotten(cluster, writerId, held);
  } catch (error) {
    await opened.close();
    throw error;
  }
  await opened.close();
  return openTransactions(writerId);
}

/** A writer of transactions, fenced by its id. Thrown away at the first doubt. */
export async function openKafkaWriter(options: WriterOptions): Promise<LogWriter> {
  const { catalog, cluster, writerId, log } = options;
  const transactions = await openSettled(options).catch(async (error: unknown) => {
    const cause = await coordinatorRefusal(cluster, writerId, error);
    throw toLogError(cause, `writer ${writerId}`);
  });
  let usable = true;
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    usable = false;
    return (closing ??= transactions.close());
  };
  let busy = false;
  const append = async (records: readonly LogRecord[]): Promise<void> => {
    assert(!busy, 'one append at a time');
    if (!usable) throw new LogError('discarded', `writer ${writerId} is no longer usable`);
    busy = true;
    try {
      await catalog.load(records.map((record) => record.topic));
      checkAppend(records, catalog.known);
      if (records.length === 0) return;
      await write(transactions, cluster, records, log).catch((error: unknown) => {
        usable = false;
        throw toLogError(error);
      });
    } finally {
      busy = false;
    }
  };
  return { append, close };
}

async function write(
  transactions: Transactions,
  cluster: LogCluster,
  records: readonly LogRecord[],
  log: AdapterLog,
): Promise<void> {
  const started = performance.now();
  const ends = await transactions.write(records).catch(async (error: unknown) => {
    // So that readers need not wait for the timeout; when it fails the broker aborts by itself.
    await transactions.abort().catch((abortError: unknown) => {
      log.debug({ err: abortError }, 'a broken transaction is left to its timeout');
    });
    const failure = toLogError(error);
    // A transaction that ran into its timeout loses its epoch too, without any other writer.
    const timedOut = performance.now() - started >= TRANSACTION_TIMEOUT_MS;
    if (failure.code !== 'fenced' || !timedOut) throw failure;
    throw new LogError('unreachable', 'the transaction took too long and was aborted', error);
  });
  await readableWait(cluster, ends);
}
