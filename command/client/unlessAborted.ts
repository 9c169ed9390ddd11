import type { ClientSignal } from './ports.js';

/** What the work comes to, or the signal's reason as soon as that is aborted. */
export function unlessAborted<T>(signal: ClientSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', stop);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
    work.then(resolve, reject).then(settled);
  });
}
