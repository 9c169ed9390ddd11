import type { BatchVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { VERIFY_AHEAD_SIGNATURES_MAX } from '../../schemas/limits.js';

/** Signatures that are being checked while the blocks they came in are executed. */
export interface SignatureChecks {
  /** Of one height. `onBad` is called at most once, when one of them is none. */
  start(messages: readonly SignedMessage[], onBad: () => void): void;
  /** Resolves once no more than a bound of them are under way; null when that is so now. */
  room(): Promise<void> | null;
  /** Resolves when all have been checked. Rejects when the verifier failed, as `room` does. */
  all(): Promise<void>;
}

/** In the order of their starts; the verifier's threads take them while the caller goes on. */
export function createSignatureChecks(verifier: BatchVerifier): SignatureChecks {
  const underWay: { readonly signatures: number; readonly done: Promise<void> }[] = [];
  let signatures = 0;

  const settle = async (max: number): Promise<void> => {
    while (signatures > max) {
      const first = underWay.shift();
      if (first === undefined) return;
      await first.done;
      signatures -= first.signatures;
    }
  };

  return {
    start(messages, onBad) {
      if (messages.length === 0) return;
      const done = verifier.verifyBatch(messages).then((answers) => {
        if (answers.includes(false)) onBad();
      });
      // Whoever waits for it meets the failure; until then it is nobody's.
      done.catch(() => undefined);
      underWay.push({ signatures: messages.length, done });
      signatures += messages.length;
    },
    room: () =>
      signatures > VERIFY_AHEAD_SIGNATURES_MAX ? settle(VERIFY_AHEAD_SIGNATURES_MAX) : null,
    all: () => settle(0),
  };
}
