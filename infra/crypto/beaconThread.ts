import { Worker } from 'node:worker_threads';
import type { BeaconGroup, ThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';
import { compiledUrl } from './compiledUrl.js';
import { CryptoError } from './errors.js';

/**
 * Answers come in the order of the questions. Arrays are copies: a view would take the whole of
 * what it looks at along.
 */
export interface BeaconQuestion {
  readonly message: Uint8Array;
  readonly shares: readonly BeaconShare[];
}

/** Null: the shares do not make a signature. */
export type BeaconAnswer = Uint8Array | null;

export interface BeaconThread extends ThresholdSigner {
  /** Ends the thread. What is asked for and not answered stays open for ever. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(answer: BeaconAnswer): void;
  reject(error: CryptoError): void;
}

/**
 * The beacon's pairings on a thread of their own, 2 to 4 ms a height: votes do not wait for them.
 * The own share is made on the calling thread, by `own.scheme`: it takes less than to be heard by
 * another thread does where cores are busy, and peers wait for it. Resolves when the thread has
 * checked its library. Rejects with CryptoError `worker-died`, then and at every later call, when
 * it cannot be kept: a validator without its beacon is of no use.
 */
export async function startBeaconThread(
  group: BeaconGroup,
  own: { readonly secretShare: Uint8Array; readonly scheme: Pick<BeaconScheme, 'signShare'> },
): Promise<BeaconThread> {
  const { scheme, secretShare } = own;
  const worker = new Worker(compiledUrl('beaconWorker.js', import.meta.url), {
    workerData: group,
    execArgv: [],
  });
  const waiting: Waiting[] = [];
  let isClosed = false;
  let died: CryptoError | null = null;
  let cause: unknown = null;
  const answered = (): Promise<BeaconAnswer> =>
    new Promise((resolve, reject) => {
      if (died !== null) reject(died);
      else waiting.push({ resolve, reject });
    });
  const ask = (question: BeaconQuestion): Promise<BeaconAnswer> => {
    const answer = answered();
    worker.postMessage(question);
    return answer;
  };
  worker.on('message', (answer: BeaconAnswer) => waiting.shift()?.resolve(answer));
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('exit', () => {
    if (isClosed) return;
    const reason = cause instanceof Error ? cause.message : 'it exited';
    died = new CryptoError('worker-died', `the beacon's thread died: ${reason}`, { cause });
    for (const { reject } of waiting.splice(0)) reject(died);
  });
  // Its first answer says that it is ready.
  await answered();
  return {
    sign: async (message) => scheme.signShare(secretShare, message),
    combine: (message, shares) =>
      ask({
        message: message.slice(),
        shares: shares.map(({ index, signature }) => ({ index, signature: signature.slice() })),
      }),
    async close() {
      isClosed = true;
      await worker.terminate();
    },
  };
}
