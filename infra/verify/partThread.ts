import type { Genesis } from '../../schemas/types/genesis.js';
import { openThread } from '../crypto/openThread.js';
import type { LogConfig } from '../log/openLog.js';
import type { LogProgress } from './logReading.js';
import type { PlannedPart } from './planParts.js';
import type { VerifiedPart } from './verifyParts.js';

/** What a thread needs to verify a part: it opens the log and the archive itself. */
export interface PartOrder {
  readonly genesis: Genesis;
  readonly shard: number;
  readonly log: LogConfig;
  /** Folder of the archive that has the states which parts begin at. */
  readonly archive: string;
  readonly part: PlannedPart;
  readonly fromHeight: number;
}

export type PartMessage =
  | { readonly kind: 'progress'; readonly progress: LogProgress }
  /** Null: there is no proven state to begin at any more. */
  | { readonly kind: 'verified'; readonly verified: VerifiedPart | null };

/** Verifies a part on a thread of its own; null when told to stop. Rejects with what ended it. */
export function verifyOnThread(
  order: PartOrder,
  onProgress: (progress: LogProgress) => void,
  stop: AbortSignal,
): Promise<VerifiedPart | null> {
  return new Promise((resolve, reject) => {
    stop.addEventListener('abort', () => resolve(null));
    const worker = openThread('partWorker.js', import.meta.url, order, stop);
    worker.on('message', (message: PartMessage) => {
      if (message.kind === 'progress') onProgress(message.progress);
      else resolve(message.verified);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread ended before its part was verified')));
  });
}
