import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SignatureVerifier, Signer } from '../../schemas/crypto/signatures.js';
import { ascii, fromHex, toHex } from '../../schemas/kernel/bytes.js';
import { RFC_8032_TESTS } from '../vectors/crypto/rfc8032Tests.js';

/** One row of test/vectors/crypto/ed25519.json, bytes in hex. */
export interface SignatureVector {
  readonly name: string;
  readonly valid: boolean;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

export const SIGNATURE_VECTORS: readonly SignatureVector[] = JSON.parse(
  readFileSync(new URL('../vectors/crypto/ed25519.json', import.meta.url), 'utf8'),
);

/** What every implementation of SignatureVerifier and Signer must do, the same bit for bit. */
export function signatureContract(
  title: string,
  verifier: SignatureVerifier,
  createSigner: (seed: Uint8Array) => Signer,
): void {
  describe(`signatures of ${title}`, () => {
    it.each(SIGNATURE_VECTORS)('$name: $valid', ({ valid, publicKey, message, signature }) => {
      const answer = verifier.verify(fromHex(publicKey), fromHex(message), fromHex(signature));
      expect(answer).toBe(valid);
    });

    it.each(RFC_8032_TESTS)('signs $name', ({ seed, publicKey, message, signature }) => {
      const signer = createSigner(seed);
      expect(toHex(signer.publicKey)).toBe(toHex(publicKey));
      expect(toHex(signer.sign(message))).toBe(toHex(signature));
    });

    it('copies the seed, so that its owner may wipe it', () => {
      const seed = new Uint8Array(32).fill(9);
      const signer = createSigner(seed);
      const before = toHex(signer.sign(ascii('bet')));
      seed.fill(0);
      expect(toHex(signer.sign(ascii('bet')))).toBe(before);
    });

    it('reads views into larger and into shared memory', () => {
      const signer = createSigner(new Uint8Array(32).fill(5));
      const message = ascii('a view');
      const shared = new Uint8Array(new SharedArrayBuffer(256));
      for (const memory of [new Uint8Array(256), shared]) {
        memory.set(signer.publicKey, 3);
        memory.set(signer.sign(message), 40);
        memory.set(message, 110);
        const [publicKey, signature] = [memory.subarray(3, 35), memory.subarray(40, 104)];
        expect(verifier.verify(publicKey, memory.subarray(110, 116), signature)).toBe(true);
        expect(verifier.verify(publicKey, memory.subarray(110, 115), signature)).toBe(false);
      }
    });
  });
}
