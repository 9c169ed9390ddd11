import { expect, it } from 'vitest';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { ascii, concatBytes } from '../../schemas/kernel/bytes.js';
import { keyedHashSigner, keyedHashVerifier } from '../../test/simulation/keyedHashCrypto.js';
import { memoVerifier } from './memoVerifier.js';

const signer = keyedHashSigner('a');
const message = ascii('message');

it('asks once for what was valid, and never believes a known signature of something else', () => {
  let asked = 0;
  const counting = memoVerifier(
    {
      verify(...signed) {
        asked += 1;
        return keyedHashVerifier.verify(...signed);
      },
    },
    2,
  );
  const signature = signer.sign(message);
  expect(counting.verify(signer.publicKey, message, signature)).toBe(true);
  expect(counting.verify(signer.publicKey, message, signature)).toBe(true);
  expect(asked).toBe(1);
  expect(counting.verify(signer.publicKey, ascii('other'), signature)).toBe(false);
  expect(counting.verify(sha256(signer.publicKey), message, signature)).toBe(false);
  expect(counting.verify(signer.publicKey, message, concatBytes(signature, message))).toBe(false);
  for (const text of ['one', 'two']) {
    counting.verify(signer.publicKey, ascii(text), signer.sign(ascii(text)));
  }
  asked = 0;
  expect(counting.verify(signer.publicKey, message, signature)).toBe(true);
  expect(asked).toBe(1);
});
