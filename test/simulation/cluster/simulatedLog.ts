import type { Log, LogBatch, LogReader, LogSubscription, LogWriter } from '../../../schemas/log.js';
import { LogError } from '../../../schemas/logError.js';
import type { World } from './world.js';

/**
 * The log as one process sees it: every call takes time, fails while the log is away, and is never
 * answered to a process that is gone. What such a process had sent may still be written.
 */
export function openSimulatedLog(world: World, isAlive: () => boolean): Log {
  const { scheduler, logConditions, log } = world;
  const prng = world.prng.fork();
  const inner = log.open();
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const { delayMinMs, delayMaxMs } = logConditions;
      scheduler.after(prng.between(delayMinMs, delayMaxMs), resolve);
    });
  const never = (): Promise<never> => new Promise(() => undefined);
  const call = async <T>(act: () => Promise<T>): Promise<T> => {
    if (!isAlive()) return never();
    await pause();
    if (logConditions.isDown) {
      await pause();
      if (!isAlive()) return never();
      throw new LogError('unreachable', 'the log does not answer');
    }
    try {
      const answer = await act();
      await pause();
      return isAlive() ? answer : never();
    } catch (error) {
      await pause();
      if (!isAlive()) return never();
      throw error;
    }
  };
  const batchesOf = async function* (
    subscription: LogSubscription,
  ): AsyncGenerator<LogBatch, void, void> {
    for await (const batch of subscription.batches) {
      await pause();
      if (!isAlive()) return;
      if (logConditions.isDown) throw new LogError('unreachable', 'the log has gone');
      yield batch;
    }
  };
  const reader: LogReader = {
    offsets: (topic, partition) => call(() => inner.reader.offsets(topic, partition)),
    subscribe: (options) =>
      call(async () => {
        const subscription = await inner.reader.subscribe(options);
        return { batches: batchesOf(subscription), close: () => subscription.close() };
      }),
    close: () => inner.reader.close(),
  };
  const writerOf = (writerId: string, writer: LogWriter): LogWriter => ({
    append: (records) =>
      call(async () => {
        await writer.append(records);
        for (const { topic, partition, value } of records) {
          world.audit.note(scheduler.nowMs, `log ${writerId} ${topic}/${partition}`, value);
        }
      }),
    close: () => writer.close(),
  });
  return {
    reader,
    openWriter: (writerId) =>
      call(async () => writerOf(writerId, await inner.openWriter(writerId))),
    ensureTopics: (topics) => call(() => inner.ensureTopics(topics)),
    close: () => inner.close(),
  };
}
