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
 * Verifies beacons on a thread of their own: one takes as long as folding forty commands,
 * one of many at once half of that. A thread that dies fails with CryptoError `worker-died`, which is
 * retriable: the next call starts another.
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
      return ask(beacons.map(copyOf));
    },
    async close() {
      await (await thread)?.close();
    },
  };
}

/** The key is shared: the thread decodes it once a batch. */
function copyOf({ publicKey, message, signature }: SignedMessage): SignedMessage {
  return { publicKey, message: message.slice(), signature: signature.slice() };
}
