import type { BatchVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import { BEACONS_PER_BATCH_MAX } from '../../schemas/limits.js';
import { type AnsweringThread, startAnsweringThread } from './answeringThread.js';

export type BeaconBatch = readonly SignedMessage[];
export type BeaconVerdicts = readonly boolean[];

export interface BeaconVerifier extends BatchVerifier {
  /** Ends the thread. What is asked for and not answered stays open for ever. */
  close(): Promise<void>;
}

type Thread = AnsweringThread<BeaconBatch, BeaconVerdicts>;

const startThread = (): Promise<Thread> =>
  startAnsweringThread('beaconVerifyWorker.js', 'the thread that verifies beacons');

/**
 * Verifies beacons on a thread of their own: one takes as long as folding forty commands, each of
 * many half of that. A thread that dies fails with CryptoError `worker-died`, which is retriable:
 * the next call starts another.
 */
export async function openBeaconVerifier(): Promise<BeaconVerifier> {
  let thread: Promise<Thread> | null = startThread();
  await thread;
  const ask = async (batch: BeaconBatch): Promise<BeaconVerdicts> => {
    thread ??= startThread();
    const asked = thread;
    try {
      return await (await asked).ask(batch);
    } catch (error) {
      if (thread === asked) thread = null;
      throw error;
    }
  };
  return {
    verifyBatch(beacons) {
      assert(beacons.length <= BEACONS_PER_BATCH_MAX, `${beacons.length} beacons at once`);
      return ask(copiesOf(beacons));
    },
    async close() {
      await (await thread)?.close();
    },
  };
}

/** Has one for as long as `work` takes. */
export async function withBeaconVerifier<T>(
  work: (beacons: BatchVerifier) => Promise<T>,
): Promise<T> {
  const beacons = await openBeaconVerifier();
  try {
    return await work(beacons);
  } finally {
    await beacons.close();
  }
}

/** Of the bytes alone, for views take along what they look at; one copy of a key for a batch. */
function copiesOf(beacons: BeaconBatch): BeaconBatch {
  const keys = new Map<Uint8Array, Uint8Array>();
  return beacons.map(({ publicKey, message, signature }) => {
    const key = keys.get(publicKey) ?? publicKey.slice();
    keys.set(publicKey, key);
    return { publicKey: key, message: message.slice(), signature: signature.slice() };
  });
}
