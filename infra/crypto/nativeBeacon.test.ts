import fc from 'fast-check';
import { expect, it } from 'vitest';
import { beaconKeysMatch, portableBeacon } from '../../schemas/crypto/bls.js';
import { present } from '../../schemas/kernel/assert.js';
import { beaconContract } from '../../test/contracts/beacon.js';
import { dealBeaconKeys } from './beaconDealer.js';
import { createNativeBeacon } from './nativeBeacon.js';

beaconContract('blst and bls-eth-wasm', createNativeBeacon);

it('agrees with noble on dealt keys of any size, sharing and message', async () => {
  const native = await createNativeBeacon();
  const cases = fc
    .record({
      seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      validators: fc.integer({ min: 1, max: 7 }),
      message: fc.uint8Array({ maxLength: 100 }),
      order: fc.array(fc.nat(), { minLength: 7, maxLength: 7 }),
    })
    .map((one) => ({ ...one, threshold: one.validators - Math.floor((one.validators - 1) / 3) }));
  fc.assert(
    fc.property(cases, ({ seed, validators, threshold, message, order }) => {
      const dealing = dealBeaconKeys({ validators, threshold, seed });
      const keys = dealing.shares.map(({ sharePublicKey }) => sharePublicKey);
      expect(beaconKeysMatch(dealing.groupPublicKey, keys, threshold)).toBe(true);
      const chosen = dealing.shares
        .map((share, index) => ({ ...share, index, rank: present(order[index], 'rank') }))
        .sort((a, b) => a.rank - b.rank)
        .slice(0, threshold);
      const shares = chosen.map(({ index, secretShare }) => ({
        index,
        signature: native.signShare(secretShare, message),
      }));
      const sigma = present(native.combine(shares), 'combined');
      expect(portableBeacon.combine(shares)).toEqual(sigma);
      expect(native.verify(dealing.groupPublicKey, message, sigma)).toBe(true);
      expect(portableBeacon.verify(dealing.groupPublicKey, message, sigma)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

it('deals the same keys from the same seed and others from another', () => {
  const deal = (byte: number) =>
    dealBeaconKeys({ validators: 4, threshold: 3, seed: new Uint8Array(32).fill(byte) });
  expect(deal(1)).toEqual(deal(1));
  expect(deal(1).groupPublicKey).not.toEqual(deal(2).groupPublicKey);
  expect(() => dealBeaconKeys({ validators: 4, threshold: 5, seed: new Uint8Array(32) })).toThrow();
});
