import type { BatchVerifier, SignatureVerifier } from '../../schemas/crypto/signatures.js';

/** A BatchVerifier on the calling thread, for tools, tests and machines with few cores. */
export function inlineBatchVerifier(verifier: SignatureVerifier): BatchVerifier {
  return {
    async verifyBatch(messages) {
      return messages.map(({ publicKey, message, signature }) =>
        verifier.verify(publicKey, message, signature),
      );
    },
  };
}
