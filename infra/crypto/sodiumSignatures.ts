import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES } from '../../schemas/crypto/ed25519.js';
import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import type { Sodium } from './sodium.js';

const SECRET_KEY_BYTES = 64;

/** libsodium's own rule is the protocol's; only the checks of length are ours. */
export function sodiumVerifier(sodium: Sodium): SignatureVerifier {
  return {
    verify(publicKey, message, signature) {
      // sodium-native throws on a short key and takes a signature with bytes behind it.
      if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
      if (signature.length !== SIGNATURE_BYTES) return false;
      const answer = sodium.crypto_sign_verify_detached(signature, message, publicKey);
      if (answer !== undefined) return answer;
      return verifyCopies(sodium, publicKey, message, signature);
    },
  };
}

/** For shared memory: there the binding answers undefined, whether the signature is good or not. */
function verifyCopies(
  sodium: Sodium,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const answer = sodium.crypto_sign_verify_detached(
    Uint8Array.from(signature),
    Uint8Array.from(message),
    Uint8Array.from(publicKey),
  );
  assert(answer !== undefined, 'sodium-native gave no answer');
  return answer;
}

/** RFC 8032 signatures by libsodium, 24 to 29 us each. The seed is copied. */
export function sodiumSigner(sodium: Sodium, seed: Uint8Array): Signer {
  assert(seed.length === SEED_BYTES, `seed of ${seed.length} bytes`);
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
  const secretKey = new Uint8Array(SECRET_KEY_BYTES);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, Uint8Array.from(seed));
  return {
    publicKey,
    sign(message) {
      const signature = new Uint8Array(SIGNATURE_BYTES);
      sodium.crypto_sign_detached(signature, message, secretKey);
      return signature;
    },
  };
}
