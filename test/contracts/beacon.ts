import { readFileSync } from 'node:fs';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, it } from 'vitest';
import type { BeaconScheme, BeaconShare } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { ascii, fromHex, parseHex, toHex } from '../../schemas/kernel/bytes.js';
import type { BeaconVectors } from '../vectors/crypto/beaconVectors.js';

export const BEACON_VECTORS: BeaconVectors = JSON.parse(
  readFileSync(new URL('../vectors/crypto/beacon.json', import.meta.url), 'utf8'),
);

const message = fromHex(BEACON_VECTORS.message);
const group = fromHex(BEACON_VECTORS.groupPublicKey);
const sigma = fromHex(BEACON_VECTORS.signature);
const shares: readonly BeaconShare[] = BEACON_VECTORS.shares.map(({ index, signature }) => ({
  index,
  signature: fromHex(signature),
}));

/** 96 bytes that are no acceptable signature; every library takes or refuses some of its own. */
const MALFORMED: readonly [name: string, bytes: Uint8Array][] = [
  ['empty', new Uint8Array(0)],
  ['95 bytes', sigma.slice(0, 95)],
  ['97 bytes', Uint8Array.of(...sigma, 0)],
  ['infinity', withBytes(new Uint8Array(96), [0, 0xc0])],
  ['infinity with the sign bit', withBytes(new Uint8Array(96), [0, 0xe0])],
  ['infinity with bytes behind the flag', withBytes(new Uint8Array(96), [0, 0xc0], [95, 1])],
  ['no compression flag', withBytes(sigma, [0, sigma[0]! & 0x7f])],
  ['x not below p', withBytes(new Uint8Array(96).fill(0xff), [0, 0x9f])],
  ['x not on the curve', withBytes(new Uint8Array(96), [0, 0x80], [95, 1])],
  ['a point outside the subgroup', withBytes(new Uint8Array(96), [0, 0x80], [95, 2])],
  ['uncompressed', uncompressed(sigma)],
];

/** The same for public keys; x = 4 is on the curve and outside the subgroup. */
const MALFORMED_KEYS: readonly [name: string, bytes: Uint8Array][] = [
  ['empty', new Uint8Array(0)],
  ['infinity', withBytes(new Uint8Array(48), [0, 0xc0])],
  ['no compression flag', withBytes(group, [0, group[0]! & 0x7f])],
  ['a point outside the subgroup', withBytes(new Uint8Array(48), [0, 0x80], [47, 4])],
  ['uncompressed', bls12_381.G1.Point.fromBytes(group).toBytes(false)],
];

/** What every implementation of BeaconScheme must do, the same byte for byte. */
export function beaconContract(title: string, open: () => Promise<BeaconScheme>): void {
  describe(`beacon of ${title}`, () => {
    it('signs shares deterministically and verifies them', async () => {
      const beacon = await open();
      for (const vector of BEACON_VECTORS.shares) {
        const signature = beacon.signShare(fromHex(vector.secretShare), message);
        expect(toHex(signature)).toBe(vector.signature);
        const key = fromHex(vector.sharePublicKey);
        expect(beacon.verifyShare(key, message, signature)).toBe(true);
        expect(beacon.verifyShare(group, message, signature)).toBe(false);
        expect(beacon.verifyShare(key, ascii('another message'), signature)).toBe(false);
      }
    });

    it('combines any threshold of shares, in any order, to the one group signature', async () => {
      const beacon = await open();
      for (const chosen of [
        [0, 1, 2],
        [0, 1, 3],
        [0, 2, 3],
        [3, 2, 1],
        [3, 0, 2],
      ]) {
        const combined = beacon.combine(
          chosen.map((i) => present(shares[i], 'share')),
          shares.length,
        );
        expect(combined && toHex(combined)).toBe(BEACON_VECTORS.signature);
      }
      expect(beacon.verify(group, message, sigma)).toBe(true);
      expect(beacon.verify(group, ascii('another message'), sigma)).toBe(false);
    });

    it('combines too few or foreign shares to something that does not verify', async () => {
      const beacon = await open();
      const foreign = {
        index: 2,
        signature: beacon.signShare(new Uint8Array(32).fill(3), message),
      };
      for (const chosen of [shares.slice(0, 2), [...shares.slice(0, 2), foreign]]) {
        const combined = present(beacon.combine(chosen, shares.length), 'combined');
        expect(combined.length).toBe(96);
        expect(beacon.verify(group, message, combined)).toBe(false);
      }
    });

    it('combines shares that cancel to infinity, which verifies under no key', async () => {
      const beacon = await open();
      // At 0 the coefficients of indices 0 and 1 are 2 and -1.
      const one = beacon.signShare(scalar(5), message);
      const two = beacon.signShare(scalar(10), message);
      const combined = present(
        beacon.combine(
          [
            { index: 0, signature: one },
            { index: 1, signature: two },
          ],
          2,
        ),
        'combined',
      );
      expect(toHex(combined)).toBe(`c0${'00'.repeat(95)}`);
      expect(beacon.verify(group, message, combined)).toBe(false);
    });

    it.each(MALFORMED)('refuses a signature that is %s', async (_, bytes) => {
      const beacon = await open();
      expect(beacon.verify(group, message, bytes)).toBe(false);
      const third = { index: 2, signature: bytes };
      expect(beacon.combine([...shares.slice(0, 2), third], shares.length)).toBe(null);
    });

    it.each(MALFORMED_KEYS)('refuses a public key that is %s', async (_, bytes) => {
      const beacon = await open();
      expect(beacon.verify(bytes, message, sigma)).toBe(false);
    });

    it('stops at two shares of one index, a bug of the caller', async () => {
      const beacon = await open();
      const share = present(shares[0], 'share');
      expect(() => beacon.combine([share, share], shares.length)).toThrow(/index/);
    });
  });
}

function withBytes(bytes: Uint8Array, ...changes: readonly [at: number, byte: number][]) {
  const copy = Uint8Array.from(bytes);
  for (const [at, byte] of changes) copy[at] = byte;
  return copy;
}

function scalar(value: number): Uint8Array {
  return present(parseHex(value.toString(16).padStart(64, '0')), 'scalar');
}

function uncompressed(signature: Uint8Array): Uint8Array {
  return bls12_381.longSignatures.Signature.fromBytes(signature).toBytes(false);
}
