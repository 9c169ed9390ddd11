import type { Genesis } from '../../schemas/types/genesis.js';
import { openThread } from '../crypto/openThread.js';
import type { LogConfig } from '../log/openLog.js';

/** What a thread needs to fold some sources: it opens log and tables itself. */
export interface FoldOrder {
  readonly genesis: Genesis;
  readonly log: LogConfig;
  /** Of the database with the tables. */
  readonly url: string;
  readonly schema: string;
  readonly partitions: readonly number[];
}

/**
 * Folds sources to the end of the log on a thread of its own. Rejects with what ended it, or when
 * told to stop.
 */
export function foldOnThread(order: FoldOrder, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = openThread('foldWorker.js', import.meta.url, order, stop);
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a thread that folds ended with ${code}`));
    });
  });
}
