import type { Log } from '../../schemas/log.js';
import { LogError } from '../../schemas/logError.js';

/**
 * A log that is opened when it is first needed, and again at the next need while it cannot be: for
 * a validator, which agrees, executes and answers players without one. Every call fails as `open`
 * does until it succeeds.
 */
export function lateLog(open: () => Promise<Log>): Log {
  let opening: Promise<Log> | null = null;
  let isClosed = false;
  const opened = (): Promise<Log> => {
    if (isClosed) return Promise.reject(new LogError('discarded', 'the log was closed'));
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    reader: {
      subscribe: async (options) => (await opened()).reader.subscribe(options),
      offsets: async (topic, partition) => (await opened()).reader.offsets(topic, partition),
      close: async () => (await opening)?.reader.close(),
    },
    openWriter: async (writerId) => (await opened()).openWriter(writerId),
    ensureTopics: async (topics) => (await opened()).ensureTopics(topics),
    async close() {
      isClosed = true;
      const log = await opening?.catch(() => null); // what could not be opened needs no closing
      await log?.close();
    },
  };
}
