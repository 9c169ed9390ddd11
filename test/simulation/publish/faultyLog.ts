import type { Log, LogReader, LogSubscription, LogWriter } from '../../../schemas/log.js';
import { LogError } from '../../../schemas/logError.js';
import type { Prng } from '../prng.js';
import type { Scheduler } from '../scheduler.js';

/** Where a process can die on its way to the log. */
export const CRASH_POINTS = [
  'before open',
  'after open',
  'before append',
  'after append',
  'while reading',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** How a log treats one client; probabilities are by operation. */
export interface LogWeather {
  readonly delayMs: readonly [number, number];
  readonly appendMs: readonly [number, number];
  /** An append or an opening that breaks off, done or not done with equal chances. */
  readonly ambiguous: number;
  /** A subscription or a question that breaks off. */
  readonly readFaults: number;
}

export interface FaultyLogOptions {
  readonly inner: Log;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly weather: LogWeather;
  isAlive(): boolean;
  /** Whether the log cannot be reached now. */
  isAway(): boolean;
  /** Whether the log answers nothing now, and refuses nothing either. */
  isStuck(): boolean;
  /** Whether this append gets lost, and is answered as if it had not. */
  loses(): boolean;
  onRead(records: number): void;
  /** The process gets to a point at which it may die. */
  at(point: CrashPoint): void;
}

/** Until a client notices that a stuck log answers again, at most. */
const STUCK_MS_MAX = 200;

interface Faulty extends FaultyLogOptions {
  /** Time passes, and the dead wait for ever. */
  pass(range: readonly [number, number]): Promise<void>;
  fail(): never;
}

/** A log as one process sees it over a bad network: late, breaking off, and gone when it dies. */
export function faultyLog(options: FaultyLogOptions): Log {
  const { inner, scheduler, prng, isAlive } = options;
  const faulty: Faulty = {
    ...options,
    pass: ([low, high]) =>
      new Promise((resolve) => {
        const arrive = (): void => {
          if (!isAlive()) return;
          if (options.isStuck()) scheduler.after(prng.between(5, STUCK_MS_MAX), arrive);
          else resolve();
        };
        scheduler.after(prng.between(low, high), arrive);
      }),
    fail: () => {
      throw new LogError('unreachable', 'the connection broke');
    },
  };
  return {
    reader: faultyReader(faulty),
    openWriter: (writerId) => openWriter(faulty, writerId),
    ensureTopics: async (topics) => {
      await ask(faulty);
      await inner.ensureTopics(topics);
    },
    close: () => inner.close(),
  };
}

async function ask(faulty: Faulty): Promise<void> {
  await faulty.pass(faulty.weather.delayMs);
  if (faulty.isAway() || faulty.prng.chance(faulty.weather.readFaults)) faulty.fail();
}

async function openWriter(faulty: Faulty, writerId: string): Promise<LogWriter> {
  const { inner, prng, weather } = faulty;
  await act(faulty, 'before open', weather.delayMs);
  const breaks = prng.chance(weather.ambiguous);
  if (breaks && prng.chance(0.5)) faulty.fail();
  const writer = await inner.openWriter(writerId);
  await act(faulty, 'after open', weather.delayMs);
  if (breaks) faulty.fail();
  return {
    append: async (records) => {
      await act(faulty, 'before append', weather.appendMs);
      const broken = prng.chance(weather.ambiguous);
      if (broken && prng.chance(0.5)) faulty.fail();
      if (!faulty.loses()) await writer.append(records);
      await act(faulty, 'after append', weather.delayMs);
      if (broken) faulty.fail();
    },
    close: () => writer.close(),
  };
}

async function act(
  faulty: Faulty,
  point: CrashPoint,
  range: readonly [number, number],
): Promise<void> {
  await faulty.pass(range);
  faulty.at(point);
  if (!faulty.isAlive()) await new Promise<never>(() => {});
  if (faulty.isAway()) faulty.fail();
}

function faultyReader(faulty: Faulty): LogReader {
  const { inner } = faulty;
  return {
    subscribe: async (options) => {
      await ask(faulty);
      faulty.at('while reading');
      const subscription = await inner.reader.subscribe(options);
      return { batches: breaking(faulty, subscription), close: () => subscription.close() };
    },
    offsets: async (topic, partition) => {
      await ask(faulty);
      return inner.reader.offsets(topic, partition);
    },
    close: () => inner.reader.close(),
  };
}

async function* breaking(
  faulty: Faulty,
  subscription: LogSubscription,
): LogSubscription['batches'] & AsyncGenerator {
  for await (const batch of subscription.batches) {
    await faulty.pass([0, 0]);
    if (faulty.isAway() || faulty.prng.chance(faulty.weather.readFaults)) faulty.fail();
    faulty.onRead(batch.records.length);
    yield batch;
  }
}
