import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { ED25519_INVALID, ED25519_VALID, type Ed25519EdgeCase } from './ed25519EdgeCases.js';
import { CryptoError } from './errors.js';

// RFC 8032, section 7.1, TEST 2.
const SEED = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const MESSAGE = '72';
const SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
  '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

/** Throws CryptoError `backend-differs` unless every edge vector gets the protocol's answer. */
export function checkVerifier(backend: string, verifier: SignatureVerifier): void {
  for (const one of ED25519_VALID) {
    if (answer(verifier, one)) continue;
    throw new CryptoError('backend-differs', `${backend} refuses "${one[0]}", which is valid`);
  }
  for (const one of ED25519_INVALID) {
    if (!answer(verifier, one)) continue;
    throw new CryptoError('backend-differs', `${backend} accepts "${one[0]}", which is invalid`);
  }
}

function answer(verifier: SignatureVerifier, one: Ed25519EdgeCase): boolean {
  const [, publicKey, r, s, message] = one;
  return verifier.verify(fromHex(publicKey), fromHex(message), fromHex(r + s));
}

/** Throws CryptoError `backend-differs` unless the signer gives RFC 8032's bytes. */
export function checkSigner(backend: string, createSigner: (seed: Uint8Array) => Signer): void {
  const signature = toHex(createSigner(fromHex(SEED)).sign(fromHex(MESSAGE)));
  if (signature === SIGNATURE) return;
  throw new CryptoError('backend-differs', `${backend} does not sign as RFC 8032 does`);
}
