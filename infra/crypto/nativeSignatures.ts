import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { checkSigner, checkVerifier } from './backendCheck.js';
import { nodeSigner, nodeVerifier } from './nodeSignatures.js';
import { loadSodium } from './sodium.js';
import { sodiumSigner, sodiumVerifier } from './sodiumSignatures.js';

/** Which library computes, for the start-up line of a log. */
export type SignatureBackend = 'sodium-native' | 'node:crypto';

let verifier: SignatureVerifier | null = null;

/**
 * The fast verifier of this process: sodium-native, or OpenSSL behind a pre-check where there is no
 * binary. The first call runs every edge vector (3 ms) and throws CryptoError `backend-differs`
 * when one answer differs: a validator with another rule forks.
 */
export function nativeVerifier(): SignatureVerifier {
  if (verifier !== null) return verifier;
  const { sodium } = loadSodium();
  const candidate = sodium === null ? nodeVerifier() : sodiumVerifier(sodium);
  checkVerifier(signatureBackend(), candidate);
  checkSigner(signatureBackend(), createNativeSigner);
  verifier = candidate;
  return verifier;
}

/** The fast signer of a 32-byte seed, the same bytes as `createSigner` of schemas/crypto. */
export function createNativeSigner(seed: Uint8Array): Signer {
  const { sodium } = loadSodium();
  return sodium === null ? nodeSigner(seed) : sodiumSigner(sodium, seed);
}

export function signatureBackend(): SignatureBackend {
  return loadSodium().sodium === null ? 'node:crypto' : 'sodium-native';
}
