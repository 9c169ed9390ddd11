import { Worker } from 'node:worker_threads';
import { compiledUrl } from './compiledUrl.js';

/**
 * Three times the room that survivors are copied to, which is 16 MiB by default: too little for a
 * log that is read at full speed (1.2 times the commands a second with 64).
 */
const YOUNG_MIB = 3 * 64;

/**
 * Starts a thread that reads a log at full speed: `fileName` beside the module `from`. It is ended
 * when told to stop.
 */
export function openThread(
  fileName: string,
  from: string,
  workerData: unknown,
  stop: AbortSignal,
): Worker {
  const worker = new Worker(compiledUrl(fileName, from), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  stop.addEventListener('abort', () => void worker.terminate());
  return worker;
}
