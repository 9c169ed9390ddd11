import type { BeaconGroup, ThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';
import { startAnsweringThread } from './answeringThread.js';

/** Arrays are copies: a view would take the whole of what it looks at along. */
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
  const thread = await startAnsweringThread<BeaconQuestion, BeaconAnswer>(
    'beaconWorker.js',
    "the beacon's thread",
    group,
  );
  return {
    sign: async (message) => scheme.signShare(secretShare, message),
    combine: (message, shares) =>
      thread.ask({
        message: message.slice(),
        shares: shares.map(({ index, signature }) => ({ index, signature: signature.slice() })),
      }),
    close: () => thread.close(),
  };
}
