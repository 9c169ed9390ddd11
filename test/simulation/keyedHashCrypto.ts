import { sha256 } from '../../schemas/crypto/sha256.js';
import type {
  BeaconScheme,
  BeaconShare,
  SignatureVerifier,
  Signer,
} from '../../schemas/crypto/signatures.js';
import { assert } from '../../schemas/kernel/assert.js';
import { ascii, concatBytes, equalBytes, uint32 } from '../../schemas/kernel/bytes.js';
import type { BeaconKeys } from '../../schemas/types/block.js';

/**
 * Signatures and a threshold beacon out of hashes, for simulations: whoever knows a public key can
 * forge, but nobody in a simulation does. Forms, lengths and failures are those of the real ones.
 */

function keyedSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, half);
}

export const keyedHashVerifier: SignatureVerifier = {
  verify: (publicKey, message, signature) =>
    equalBytes(keyedSignature(publicKey, message), signature),
};

export function keyedHashSigner(name: string): Signer {
  const publicKey = sha256(ascii(`key of ${name}`));
  return { publicKey, sign: (message) => keyedSignature(publicKey, message) };
}

export interface KeyedHashBeacon {
  readonly scheme: BeaconScheme;
  readonly keys: BeaconKeys;
  /** By validator. */
  readonly secrets: readonly Uint8Array[];
}

const POINT = 48;
const EMPTY_THIRD = new Uint8Array(32);

function publicPoint(title: string, index: number): Uint8Array {
  const digest = sha256(concatBytes(ascii(title), uint32(index)));
  return concatBytes(digest, digest.subarray(0, POINT - 32));
}

/**
 * A share is the group's part beside the signer's own; any threshold of honest ones combine to the
 * group's part, and one wrong share among them makes the outcome wrong.
 */
export function createKeyedHashBeacon(validators: number, threshold: number): KeyedHashBeacon {
  const groupKey = publicPoint('group', 0);
  const shareKeys = Array.from({ length: validators }, (_, index) => publicPoint('share', index));
  const keyed = (key: Uint8Array, message: Uint8Array) => sha256(concatBytes(key, message));
  const groupSignature = (part: Uint8Array) => concatBytes(part, sha256(part), EMPTY_THIRD);
  const shareOf = (shareKey: Uint8Array, message: Uint8Array) =>
    concatBytes(keyed(groupKey, message), keyed(shareKey, message), EMPTY_THIRD);
  return {
    keys: { threshold, groupKey, shareKeys },
    secrets: shareKeys,
    scheme: {
      signShare: shareOf,
      verifyShare: (shareKey, message, signature) =>
        equalBytes(shareOf(shareKey, message), signature),
      combine(shares: readonly BeaconShare[]) {
        assert(shares.length === threshold, 'combine takes exactly the threshold of shares');
        const parts = shares.map(({ signature }) => signature.subarray(0, 32));
        const first = parts[0]!;
        const same = parts.every((part) => equalBytes(part, first));
        return groupSignature(same ? first : sha256(concatBytes(...parts)));
      },
      verify: (key, message, signature) =>
        equalBytes(groupSignature(keyed(key, message)), signature),
    },
  };
}
