import type { BatchVerifier, SignatureVerifier } from '../../schemas/crypto/signatures.js';

/** On the calling thread, of signatures or of a beacon; for tools, tests and few cores. */
export function inlineBatchVerifier(verifier: SignatureVerifier): BatchVerifier {
  return {
    async verifyBatch(messages) {
      return messages.map(({ publicKey, message, signature }) =>
        verifier.verify(publicKey, message, signature),
      );
    },
  };
}
