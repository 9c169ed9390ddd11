import type { ChainTip, EpochKeys } from '../../schemas/crypto/epochKeys.js';
import type {
  BatchVerifier,
  BeaconScheme,
  SignatureVerifier,
  SignedMessage,
} from '../../schemas/crypto/signatures.js';
import { BEACONS_PER_BATCH_MAX } from '../../schemas/limits.js';
import { type BlocksFollower, createBlocksFollower } from '../../schemas/reading/blocksFollower.js';

interface NotedBeacon extends SignedMessage {
  readonly height: number;
}

/**
 * Beacons of heights that are accepted but for them. A quorum has certified the seed that they
 * make: none of them decides what is folded, only whether any of it may be believed; and one costs
 * as much as folding forty commands. They are verified beside the folding of what comes behind
 * them, many at once. Nothing is to be written or said of the heights before they have `settled`.
 */
export class DeferredBeacons {
  readonly #verifier: BatchVerifier;
  readonly #onVerified: () => void;
  readonly #noted: NotedBeacon[] = [];
  #settled: Promise<number | null> = Promise.resolve(null);
  #open = 0;

  /** `onVerified` is told of each batch. */
  constructor(verifier: BatchVerifier, onVerified: () => void = () => {}) {
    this.#verifier = verifier;
    this.#onVerified = onVerified;
  }

  /** Noted, and not verified yet. */
  get open(): number {
    return this.#open;
  }

  /** For a follower of `blocks`: takes a beacon for good, and notes it. */
  noting(nextHeight: () => number): Pick<BeaconScheme, 'verify'> {
    return {
      verify: (publicKey, message, signature) => {
        this.#noted.push({ height: nextHeight(), publicKey, message, signature });
        this.#open += 1;
        return true;
      },
    };
  }

  /** One that leaves its beacons to these. */
  follow(options: {
    readonly keys: EpochKeys;
    readonly tip: ChainTip;
    readonly signatures: SignatureVerifier;
  }): BlocksFollower {
    const { keys, tip, signatures } = options;
    const beacon = this.noting(() => follower.tip.height + 1);
    const follower = createBlocksFollower({ keys, tip, verifiers: { signatures, beacon } });
    return follower;
  }

  /** Sends off what was noted since; to be called when what was read together is folded. */
  verify(): void {
    while (this.#noted.length > 0) {
      const before = this.#settled;
      const verified = this.#firstWrong(this.#noted.splice(0, BEACONS_PER_BATCH_MAX));
      this.#settled = Promise.all([before, verified]).then(([earlier, now]) => earlier ?? now);
      // Whoever waits for all hears of it.
      this.#settled.catch(() => {});
    }
  }

  /**
   * The first height whose beacon is not its group's, of those sent off until now; null when all
   * are good. Rejects with the error of the verifier.
   */
  settled(): Promise<number | null> {
    return this.#settled;
  }

  async #firstWrong(noted: readonly NotedBeacon[]): Promise<number | null> {
    const answers = await this.#verifier.verifyBatch(noted);
    this.#open -= noted.length;
    this.#onVerified();
    return noted.find((_, place) => answers[place] !== true)?.height ?? null;
  }
}
