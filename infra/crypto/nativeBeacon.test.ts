import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beaconKeysMatch, portableBeacon } from '../../schemas/crypto/bls.js';
import type { SignedMessage } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { beaconContract } from '../../test/contracts/beacon.js';
import { dealBeaconKeys } from './beaconDealer.js';
import { createNativeBeacon } from './nativeBeacon.js';

beaconContract('blst', createNativeBeacon);

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
      const sigma = present(native.combine(shares, validators), 'combined');
      expect(portableBeacon.combine(shares, validators)).toEqual(sigma);
      expect(native.verify(dealing.groupPublicKey, message, sigma)).toBe(true);
      expect(portableBeacon.verify(dealing.groupPublicKey, message, sigma)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

describe('many signatures at once', () => {
  const dealing = dealBeaconKeys({ validators: 1, threshold: 1, seed: new Uint8Array(32).fill(4) });
  const publicKey = dealing.groupPublicKey;

  async function signed(count: number): Promise<SignedMessage[]> {
    const native = await createNativeBeacon();
    const { secretShare } = present(dealing.shares[0], 'share');
    return Array.from({ length: count }, (_, place) => {
      const message = Uint8Array.of(place);
      const shares = [{ index: 0, signature: native.signShare(secretShare, message) }];
      const signature = present(native.combine(shares, 1), 'combined');
      return { publicKey, message, signature };
    });
  }

  it.each([0, 1, 2, 9])('says of each of %i what it says of one', async (count) => {
    const native = await createNativeBeacon();
    const good = await signed(count);
    expect(await native.verifyBatch(good)).toEqual(good.map(() => true));
    for (const place of good.keys()) {
      const wrong = { ...present(good[place], 'beacon'), message: Uint8Array.of(99) };
      const cut = { ...wrong, signature: wrong.signature.subarray(1) };
      for (const bad of [wrong, cut]) {
        const all = good.with(place, bad);
        expect(await native.verifyBatch(all)).toEqual(all.map((_, at) => at !== place));
      }
    }
  });

  it('lets no errors cancel out: two signatures whose sum is right', async () => {
    const native = await createNativeBeacon();
    const [one, two, other] = (await signed(3)) as [SignedMessage, SignedMessage, SignedMessage];
    const { Signature } = bls12_381.longSignatures;
    const pointOf = ({ signature }: SignedMessage) => Signature.fromBytes(signature);
    const error = pointOf(other);
    const more = { ...one, signature: pointOf(one).add(error).toBytes() };
    const less = { ...two, signature: pointOf(two).subtract(error).toBytes() };
    const sum = pointOf(more).add(pointOf(less));
    expect(sum.equals(pointOf(one).add(pointOf(two)))).toBe(true);
    expect(await native.verifyBatch([more, less])).toEqual([false, false]);
  });
});

/** All subsets of `size` of the numbers below `count`. */
function subsets(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let first = from; first < count; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) found.push([first, ...rest]);
  }
  return found;
}

it.each([
  [4, 3],
  [7, 5],
])('combines of %i shares any %i alike', async (validators, threshold) => {
  const native = await createNativeBeacon();
  const dealing = dealBeaconKeys({ validators, threshold, seed: new Uint8Array(32).fill(9) });
  const message = new Uint8Array(40).fill(1);
  const shares = dealing.shares.map(({ secretShare }, index) => ({
    index,
    signature: native.signShare(secretShare, message),
  }));
  const chosen = subsets(validators, threshold);
  const all = chosen.map((indices) =>
    native.combine(
      indices.map((i) => shares[i]!),
      validators,
    ),
  );
  expect(new Set(all.map((sigma) => toHex(present(sigma, 'combined')))).size).toBe(1);
  expect(native.verify(dealing.groupPublicKey, message, present(all[0], 'combined'))).toBe(true);
});

it('deals the same keys from the same seed and others from another', () => {
  const deal = (byte: number) =>
    dealBeaconKeys({ validators: 4, threshold: 3, seed: new Uint8Array(32).fill(byte) });
  expect(deal(1)).toEqual(deal(1));
  expect(deal(1).groupPublicKey).not.toEqual(deal(2).groupPublicKey);
  expect(() => dealBeaconKeys({ validators: 4, threshold: 5, seed: new Uint8Array(32) })).toThrow();
});
