import { setTimeout as sleep } from 'node:timers/promises';
import { assert, present } from '../../schemas/kernel/assert.js';
import { LOG_ROW_BYTES_MAX } from '../../schemas/limits.js';
import type { LogBatch, LogReader, LogSubscription, PartitionStart } from '../../schemas/log.js';
import { LogError, type LogErrorCode } from '../../schemas/logError.js';
import { checkOffset, checkPartition, cutBatches } from '../../schemas/logRecords.js';
import type { AdapterLog } from '../postgres/connection.js';
import { toLogError } from './errors.js';
import { committedRecords } from './fetchResponse.js';
import { byLeader, type LogCluster, nameOf, type PartitionName } from './logCluster.js';
import { type EndKind, partitionEnds } from './partitionEnds.js';
import type { TopicCatalog } from './topicCatalog.js';

/**
 * How long a broker holds a fetch at the tail. Data ends the wait at once, so a long one costs no
 * latency; the client gives up on an answer 100 ms later, so a short one fails on a busy machine.
 */
const FETCH_WAIT_MS = 1_000;
const FETCH_MIN_BYTES = 64 * 1024;
/** Without any answer for this long a subscription fails, and its reader begins another. */
const PROGRESS_TIMEOUT_MS = 15_000;
const RETRY_WAIT_MS = 100;
/** What asking again does not mend. */
const HOPELESS: ReadonlySet<LogErrorCode> = new Set([
  'offsetOutOfRange',
  'notAuthenticated',
  'notAuthorised',
  'tlsRefused',
]);

interface Cursor {
  readonly topic: string;
  readonly partition: number;
  nextOffset: bigint;
  fetching: boolean;
}

interface Subscription {
  readonly cluster: LogCluster;
  readonly cursors: readonly Cursor[];
  readonly maxBatchBytes: number;
  readonly log: AdapterLog;
  /** Answers that nobody has taken yet: at most one a broker. */
  readonly arrived: LogBatch[];
  /** By broker: resolves, never rejects, when its fetch has been answered. */
  readonly inFlight: Map<string, Promise<void>>;
  failure: unknown;
  lastAnswerMs: number;
  closed: boolean;
  /** Resolves on close, for whoever waits at the tail. */
  readonly whenClosed: Promise<void>;
}

async function fetchFrom(
  subscription: Subscription,
  nodeId: string,
  cursors: readonly Cursor[],
): Promise<void> {
  const { cluster, maxBatchBytes, arrived } = subscription;
  const broker = await cluster.broker(nodeId);
  const wanted = Math.min(maxBatchBytes, LOG_ROW_BYTES_MAX);
  const response = await broker.fetch({
    maxWaitMs: FETCH_WAIT_MS,
    maxBytes: Math.max(FETCH_MIN_BYTES, maxBatchBytes),
    partitions: cursors.map(({ topic, partition, nextOffset }) => ({
      ...{ topic, partition, fromOffset: nextOffset },
      maxBytes: Math.max(FETCH_MIN_BYTES, wanted),
    })),
  });
  for (const { topicName, partitions } of response.responses) {
    for (const fetched of partitions) {
      const cursor = present(
        cursors.find((each) => each.topic === topicName && each.partition === fetched.partition),
        'the cursor of a fetched partition',
      );
      const run = committedRecords(topicName, fetched, cursor.nextOffset);
      if (run.nextOffset === cursor.nextOffset) continue;
      cursor.nextOffset = run.nextOffset;
      arrived.push(...cutBatches({ ...run, parts: [run.records] }, maxBatchBytes));
    }
  }
}

/** Sends a fetch to every broker that leads idle partitions of ours. */
function fetchMore(subscription: Subscription): void {
  const idle = subscription.cursors.filter((cursor) => !cursor.fetching);
  for (const [nodeId, cursors] of byLeader(subscription.cluster, idle)) {
    if (subscription.inFlight.has(nodeId)) continue;
    for (const cursor of cursors) cursor.fetching = true;
    const answered = fetchFrom(subscription, nodeId, cursors)
      .then(() => {
        subscription.lastAnswerMs = performance.now();
      })
      .catch((error: unknown) => {
        subscription.failure = error;
      })
      .finally(() => {
        for (const cursor of cursors) cursor.fetching = false;
        subscription.inFlight.delete(nodeId);
      });
    subscription.inFlight.set(nodeId, answered);
  }
}

/** Leaders move and connections break: look again, but not for ever. @throws LogError */
async function recover(subscription: Subscription): Promise<void> {
  const { failure, cluster, log } = subscription;
  subscription.failure = undefined;
  if (subscription.closed) return;
  const error = toLogError(failure);
  const isOurs = HOPELESS.has(error.code);
  const waitedMs = performance.now() - subscription.lastAnswerMs;
  if (isOurs || waitedMs > PROGRESS_TIMEOUT_MS) throw error;
  log.debug({ err: failure }, 'fetching again');
  const { host, port } = failure as { host?: string; port?: number };
  if (host !== undefined && port !== undefined) cluster.forget({ host, port });
  await sleep(RETRY_WAIT_MS);
  try {
    await cluster.refresh();
  } catch (refreshError) {
    subscription.failure ??= refreshError;
  }
}

async function* follow(subscription: Subscription): AsyncGenerator<LogBatch, void, void> {
  while (!subscription.closed) {
    if (subscription.failure !== undefined) {
      await recover(subscription);
      continue;
    }
    await startFetches(subscription); // also while the consumer works on what has arrived
    if (subscription.arrived.length === 0 && subscription.failure === undefined) {
      await Promise.race([subscription.whenClosed, ...subscription.inFlight.values()]);
    }
    const batches = subscription.arrived.splice(0);
    for (const [index, batch] of batches.entries()) {
      if (subscription.closed) return;
      yield index + 1 < batches.length ? { ...batch, isFollowed: true } : batch;
    }
  }
}

async function startFetches(subscription: Subscription): Promise<void> {
  try {
    await subscription.cluster.refreshIfStale();
    if (!subscription.closed) fetchMore(subscription);
  } catch (error) {
    subscription.failure ??= error;
  }
}

/** First readable offset and committed end. @throws LogError */
async function offsetsOf(
  catalog: TopicCatalog,
  cluster: LogCluster,
  of: PartitionName,
): Promise<{ first: bigint; end: bigint }> {
  try {
    await catalog.load([of.topic]);
    const known = catalog.known(of.topic);
    if (known === undefined) throw new LogError('unknownTopic', `no topic ${of.topic}`);
    checkPartition(known, of.partition);
    const end = async (kind: EndKind): Promise<bigint> => {
      const ends = await partitionEnds(cluster, [of], kind);
      return present(ends.get(nameOf(of)), 'an offset');
    };
    return { first: await end('first'), end: await end('readable') };
  } catch (error) {
    throw toLogError(error);
  }
}

export function createKafkaReader(options: {
  /** For each subscription. */
  readonly connect: () => Promise<LogCluster>;
  readonly catalog: TopicCatalog;
  /** For questions. */
  readonly cluster: LogCluster;
  readonly log: AdapterLog;
}): LogReader {
  const { connect, catalog, cluster, log } = options;
  const open = new Set<LogSubscription>();
  const offsets: LogReader['offsets'] = (topic, partition) =>
    offsetsOf(catalog, cluster, { topic, partition });
  const openCursor = async ({ topic, partition, fromOffset }: PartitionStart): Promise<Cursor> => {
    checkOffset(topic, partition, fromOffset, await offsets(topic, partition));
    return { topic, partition, nextOffset: fromOffset, fetching: false };
  };
  const subscribe: LogReader['subscribe'] = async ({ partitions, maxBatchBytes }) => {
    assert(maxBatchBytes > 0, 'maxBatchBytes must be positive');
    assert(partitions.length > 0, 'a subscription needs a partition');
    const cursors = await Promise.all(partitions.map(openCursor));
    let wake = (): void => {};
    const whenClosed = new Promise<void>((resolve) => (wake = resolve));
    const own = await connectOwn(connect, new Set(partitions.map(({ topic }) => topic)));
    const state: Subscription = {
      cluster: own,
      cursors,
      maxBatchBytes,
      log,
      arrived: [],
      inFlight: new Map(),
      failure: undefined,
      lastAnswerMs: performance.now(),
      closed: false,
      whenClosed,
    };
    const subscription: LogSubscription = {
      batches: follow(state),
      close: async () => {
        if (state.closed) return;
        state.closed = true;
        open.delete(subscription);
        wake();
        await own.close(); // waits for the fetches under way
        await Promise.all(state.inFlight.values());
      },
    };
    open.add(subscription);
    return subscription;
  };
  return {
    subscribe,
    offsets,
    close: async () => {
      for (const subscription of [...open]) await subscription.close();
      await cluster.close();
    },
  };
}

async function connectOwn(
  connect: () => Promise<LogCluster>,
  topics: ReadonlySet<string>,
): Promise<LogCluster> {
  try {
    const own = await connect();
    await own.knowTopics(topics);
    return own;
  } catch (error) {
    throw toLogError(error);
  }
}
