import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSigner, portableVerifier } from '../../schemas/crypto/ed25519.js';
import type { SignatureVerifier } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { concatBytes, fromHex } from '../../schemas/kernel/bytes.js';
import { SIGNATURE_VECTORS, signatureContract } from '../../test/contracts/signature.js';
import { checkSigner, checkVerifier } from './backendCheck.js';
import { createNativeSigner, nativeVerifier, signatureBackend } from './nativeSignatures.js';
import { nodeSigner, nodeVerifier } from './nodeSignatures.js';
import { loadSodium } from './sodium.js';
import { sodiumSigner, sodiumVerifier } from './sodiumSignatures.js';

const sodium = present(loadSodium().sodium, 'sodium-native on this platform');

signatureContract('sodium-native', sodiumVerifier(sodium), (seed) => sodiumSigner(sodium, seed));
signatureContract('node:crypto', nodeVerifier(), nodeSigner);
signatureContract('this process', nativeVerifier(), createNativeSigner);

describe('backend check', () => {
  it('names the library in use', () => {
    expect(signatureBackend()).toBe('sodium-native');
  });

  it('refuses to start on a verifier that differs in one row', () => {
    const rows = SIGNATURE_VECTORS.filter((row) => row.message.length <= 64);
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const differing: SignatureVerifier = {
        verify(publicKey, message, signature) {
          const answer = answerOfSodium(publicKey, message, signature);
          const isRow = signature.join() === fromHex(row.signature).join();
          return isRow ? !answer : answer;
        },
      };
      expect(() => checkVerifier('broken', differing)).toThrow(
        expect.objectContaining({ code: 'backend-differs', retriable: false }),
      );
    }
  });

  it('refuses a signer that is not RFC 8032', () => {
    const other = () => createSigner(new Uint8Array(32));
    expect(() => checkSigner('broken', other)).toThrow(/RFC 8032/);
  });
});

/** sodium's answer, so that the check above turns on the one inverted row alone. */
function answerOfSodium(...parts: Parameters<SignatureVerifier['verify']>): boolean {
  return sodiumVerifier(sodium).verify(...parts);
}

describe('the three implementations agree', () => {
  const answers = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => [
    portableVerifier.verify(publicKey, message, signature),
    sodiumVerifier(sodium).verify(publicKey, message, signature),
    nodeVerifier().verify(publicKey, message, signature),
  ];
  const expectAgreement = (...parts: Parameters<SignatureVerifier['verify']>) => {
    const [portable, native, openssl] = answers(...parts);
    expect(portable).toBe(native);
    expect(openssl).toBe(native);
    return native;
  };

  it('on vectors with any byte changed', () => {
    const row = fc.constantFrom(...SIGNATURE_VECTORS);
    const change = fc.record({
      part: fc.constantFrom('publicKey' as const, 'message' as const, 'signature' as const),
      position: fc.nat({ max: 70 }),
      xor: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(row, fc.array(change, { maxLength: 2 }), (vector, changes) => {
        const parts = {
          publicKey: fromHex(vector.publicKey),
          message: fromHex(vector.message),
          signature: fromHex(vector.signature),
        };
        for (const { part, position, xor } of changes) {
          const bytes = parts[part];
          if (bytes.length > 0) {
            const index = position % bytes.length;
            bytes[index] = bytes[index]! ^ xor;
          }
        }
        expectAgreement(parts.publicKey, parts.message, parts.signature);
      }),
      { numRuns: 300 },
    );
  });

  it('on random bytes and on parts of different vectors put together', () => {
    const small = ED25519_TORSION_SUBGROUP.map(fromHex);
    const keys = SIGNATURE_VECTORS.map((vector) => fromHex(vector.publicKey));
    const rs = SIGNATURE_VECTORS.map((vector) => fromHex(vector.signature).slice(0, 32));
    const ss = SIGNATURE_VECTORS.map((vector) => fromHex(vector.signature).slice(32));
    const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const point = fc.oneof(random, fc.constantFrom(...small, ...keys, ...rs));
    const scalar = fc.oneof(random, fc.constantFrom(...ss, new Uint8Array(32)));
    fc.assert(
      fc.property(point, point, scalar, fc.uint8Array({ maxLength: 40 }), (key, r, s, message) => {
        expectAgreement(key, message, concatBytes(r, s));
      }),
      { numRuns: 300 },
    );
  });

  it('on honest signatures, whoever made them', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.uint8Array({ maxLength: 300 }), (bytes, message) => {
        const signer = createSigner(bytes);
        const signature = signer.sign(message);
        expect(sodiumSigner(sodium, bytes).sign(message)).toEqual(signature);
        expect(nodeSigner(bytes).sign(message)).toEqual(signature);
        expect(expectAgreement(signer.publicKey, message, signature)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
