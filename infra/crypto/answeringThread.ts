import { Worker } from 'node:worker_threads';
import { compiledUrl } from './compiledUrl.js';
import { CryptoError } from './errors.js';

/** A thread that answers every question with one message, in the order of the questions. */
export interface AnsweringThread<Question, Answer> {
  /** What is sent is copied: views take the whole of what they look at along. */
  ask(question: Question): Promise<Answer>;
  /** Ends the thread. What is asked for and not answered stays open for ever. */
  close(): Promise<void>;
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: CryptoError): void;
}

/**
 * Starts a worker of this folder, and resolves with its first message, which says that it has
 * checked its library. Rejects with CryptoError `worker-died`, then and at every later question,
 * when it has ended.
 */
export async function startAnsweringThread<Question, Answer>(
  file: string,
  title: string,
  workerData?: unknown,
): Promise<AnsweringThread<Question, Answer>> {
  const worker = new Worker(compiledUrl(file, import.meta.url), { workerData, execArgv: [] });
  const waiting: Waiting<Answer>[] = [];
  let isClosed = false;
  let died: CryptoError | null = null;
  let cause: unknown = null;
  const answered = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (died !== null) reject(died);
      else waiting.push({ resolve, reject });
    });
  worker.on('message', (answer: Answer) => waiting.shift()?.resolve(answer));
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('exit', () => {
    if (isClosed) return;
    const reason = cause instanceof Error ? cause.message : 'it exited';
    died = new CryptoError('worker-died', `${title} died: ${reason}`, { cause });
    for (const { reject } of waiting.splice(0)) reject(died);
  });
  await answered();
  return {
    ask(question) {
      const answer = answered();
      worker.postMessage(question);
      return answer;
    },
    async close() {
      isClosed = true;
      await worker.terminate();
    },
  };
}
