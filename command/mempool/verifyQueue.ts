import type { BatchVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import { ADMISSION_BATCH_MAX, ADMISSION_BATCHES_IN_FLIGHT } from '../../schemas/limits.js';

/** Null: the verifier failed as a whole. */
export type SignatureAnswer = boolean | null;

/** Signatures one by one in, verified in batches of what arrived meanwhile. */
export interface VerifyQueue<T> {
  add(item: T): void;
}

export interface VerifyQueueOptions<T> {
  readonly verifier: BatchVerifier;
  signed(item: T): SignedMessage;
  /** Once for each item, in the order of a batch. */
  onAnswer(item: T, answer: SignatureAnswer): void;
  /** Once for each batch that could not be verified, before its answers. */
  onFailure(error: unknown): void;
}

/**
 * While batches are in flight, arrivals gather for the next one: the busier, the larger the
 * batches. Arrivals of one tick share a batch. The caller bounds what waits.
 */
export function createVerifyQueue<T>(options: VerifyQueueOptions<T>): VerifyQueue<T> {
  let waiting: T[] = [];
  let inFlight = 0;
  let isScheduled = false;

  const answersOf = async (batch: readonly T[]): Promise<readonly SignatureAnswer[]> => {
    const messages = batch.map(options.signed);
    try {
      return await options.verifier.verifyBatch(messages);
    } catch (error) {
      options.onFailure(error);
      return batch.map(() => null);
    }
  };

  const run = async (batch: readonly T[]): Promise<void> => {
    inFlight++;
    const answers = await answersOf(batch);
    assert(answers.length === batch.length, 'a batch of other length than asked');
    inFlight--;
    for (const [index, item] of batch.entries()) options.onAnswer(item, answers[index]!);
    schedule();
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
    add(item) {
      waiting.push(item);
      schedule();
    },
  };
}
