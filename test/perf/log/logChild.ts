import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogConfig, openLog } from '../../../infra/log/openLog.js';
import { present } from '../../../schemas/kernel/assert.js';
import { PROJECTION_READ_BYTES_MAX } from '../../../schemas/limits.js';
import type { Log, LogSubscription, PartitionStart } from '../../../schemas/log.js';
import { quietLog } from '../../simulation/projectedChain.js';
import { bareInserts } from './bareInserts.js';
import type { Append } from './publishedAppends.js';

interface CommonTask {
  readonly log: LogConfig;
  /** What readers read. */
  readonly partitions: readonly Omit<PartitionStart, 'fromOffset'>[];
}

interface AppendTask extends CommonTask {
  readonly appends: readonly Append[];
  readonly warmUp: number;
  readonly count: number;
}

/** What the parent asks of a process of its own, as its first message. */
export type ChildTask =
  /** As fast as it goes, round and round. */
  | (AppendTask & { readonly kind: 'append' })
  /** The same bytes as bare rows, without a log. */
  | (AppendTask & { readonly kind: 'bare' })
  /** So many records from the first ones on. */
  | (CommonTask & { readonly kind: 'read'; readonly records: number })
  /** One append each `everyMs`. */
  | (CommonTask & {
      readonly kind: 'pace';
      readonly appends: readonly Append[];
      readonly count: number;
      readonly everyMs: number;
    })
  /** What is appended from now on, in appends of so many records. */
  | (CommonTask & { readonly kind: 'follow'; readonly sizes: readonly number[] })
  /** A writer and a reader that have nothing to do. */
  | (CommonTask & {
      readonly kind: 'idle';
      readonly appends: readonly Append[];
      readonly forMs: number;
    });

export type ChildMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      readonly wallMs: number;
      readonly cpuMs: number;
      /** By append, on the clock that all processes share: when it began, or had been read. */
      readonly atMs: readonly number[];
    };

/** Between the first append of a process and what is measured of it when idle. */
const SETTLE_MS = 1_000;

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function say(message: ChildMessage): void {
  process.send?.(message);
}

async function measured(work: () => Promise<readonly number[]>): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const atMs = await work();
  const wallMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  say({ kind: 'done', wallMs, cpuMs: (user + system) / 1000, atMs });
}

async function appendAll(
  append: (index: number) => Promise<void>,
  { warmUp, count }: { readonly warmUp: number; readonly count: number },
): Promise<void> {
  for (let index = 0; index < warmUp; index++) await append(index);
  await measured(async () => {
    for (let index = 0; index < count; index++) await append(warmUp + index);
    return [];
  });
}

async function subscribe(
  log: Log,
  { partitions }: ChildTask,
  from: 'first' | 'end',
): Promise<LogSubscription> {
  const starts: PartitionStart[] = [];
  for (const { topic, partition } of partitions) {
    const offsets = await log.reader.offsets(topic, partition);
    starts.push({ topic, partition, fromOffset: offsets[from] });
  }
  return log.reader.subscribe({ partitions: starts, maxBatchBytes: PROJECTION_READ_BYTES_MAX });
}

/** Reads until `enough` records have come; `onCount` hears of each batch. */
async function read(
  subscription: LogSubscription,
  enough: number,
  onCount: (records: number) => void,
): Promise<void> {
  let seen = 0;
  for await (const { records } of subscription.batches) {
    seen += records.length;
    onCount(seen);
    if (seen >= enough) break;
  }
}

/** When each of the appends had come whole: nothing else is written meanwhile. */
async function follow(subscription: LogSubscription, sizes: readonly number[]): Promise<number[]> {
  const ends: number[] = [];
  for (const size of sizes) ends.push((ends.at(-1) ?? 0) + size);
  const atMs: number[] = [];
  await read(subscription, ends.at(-1) ?? 0, (seen) => {
    while (atMs.length < ends.length && seen >= present(ends[atMs.length], 'an end')) {
      atMs.push(nowMs());
    }
  });
  return atMs;
}

/** An open loop: an append is due whether or not the one before took long. */
async function pace(
  append: (index: number) => Promise<void>,
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
): Promise<number[]> {
  const atMs: number[] = [];
  const startedMs = performance.now();
  for (let index = 0; index < count; index++) {
    const waitMs = startedMs + index * everyMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    atMs.push(nowMs());
    await append(index);
  }
  return atMs;
}

type Of<Kind extends ChildTask['kind']> = Extract<ChildTask, { readonly kind: Kind }>;

async function readAll(log: Log, task: Of<'read'>): Promise<void> {
  await measured(async () => {
    const subscription = await subscribe(log, task, 'first');
    await read(subscription, task.records, () => {});
    return [];
  });
}

async function followNew(log: Log, task: Of<'follow'>): Promise<void> {
  const subscription = await subscribe(log, task, 'end');
  say({ kind: 'ready' });
  await measured(() => follow(subscription, task.sizes));
}

async function beIdle(log: Log, task: Of<'idle'>): Promise<void> {
  const subscription = await subscribe(log, task, 'end');
  const reading = read(subscription, Number.POSITIVE_INFINITY, () => {});
  const writer = await log.openWriter('bench');
  await writer.append(present(task.appends[0], 'an append'));
  await sleep(SETTLE_MS);
  await measured(async () => {
    await sleep(task.forMs);
    return [];
  });
  await subscription.close();
  await reading;
}

async function write(log: Log, task: Of<'append' | 'pace'>): Promise<void> {
  const writer = await log.openWriter('bench');
  const { appends } = task;
  const append = (index: number): Promise<void> =>
    writer.append(present(appends[index % appends.length], 'an append'));
  if (task.kind === 'pace') await measured(() => pace(append, task));
  else await appendAll(append, task);
}

async function insert(task: Of<'bare'>): Promise<void> {
  const bare = await bareInserts(present(task.log.databaseUrl, 'a database'), task.appends);
  await appendAll(bare.insert, task);
  await bare.close();
}

async function run(task: ChildTask): Promise<void> {
  if (task.kind === 'bare') return insert(task);
  const log = await openLog(task.log, quietLog);
  if (task.kind === 'read') await readAll(log, task);
  else if (task.kind === 'follow') await followNew(log, task);
  else if (task.kind === 'idle') await beIdle(log, task);
  else await write(log, task);
  await log.close();
}

process.once('message', (task: ChildTask) => {
  run(task).then(
    () => process.disconnect(),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
