import type { BatchVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import { ADMISSION_BATCH_MAX, ADMISSION_BATCHES_IN_FLIGHT } from '../../schemas/limits.js';

/** Signatures one by one in, verified in batches of what arrived meanwhile. */
export interface VerifyQueue {
  /** Rejects when the verifier fails as a whole; a bad signature is `false`. */
  verify(signed: SignedMessage): Promise<boolean>;
  readonly waiting: number;
}

interface Waiting {
  readonly signed: SignedMessage;
  readonly resolve: (isGood: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * While batches are in flight, arrivals gather for the next one: the busier, the larger the
 * batches. Arrivals of one tick share a batch. The caller bounds what waits.
 */
export function createVerifyQueue(verifier: BatchVerifier): VerifyQueue {
  let waiting: Waiting[] = [];
  let inFlight = 0;
  let isScheduled = false;

  const run = async (batch: readonly Waiting[]): Promise<void> => {
    inFlight++;
    try {
      const answers = await verifier.verifyBatch(batch.map(({ signed }) => signed));
      assert(answers.length === batch.length, 'a batch of other length than asked');
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] === true);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      inFlight--;
      schedule();
    }
  };

  const start = (): void => {
    isScheduled = false;
    while (waiting.length > 0 && inFlight < ADMISSION_BATCHES_IN_FLIGHT) {
      const batch = waiting.slice(0, ADMISSION_BATCH_MAX);
      waiting = waiting.slice(ADMISSION_BATCH_MAX);
      void run(batch);
    }
  };

  const schedule = (): void => {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    void Promise.resolve().then(start);
  };

  return {
    verify: (signed) =>
      new Promise((resolve, reject) => {
        waiting.push({ signed, resolve, reject });
        schedule();
      }),
    get waiting() {
      return waiting.length;
    },
  };
}
