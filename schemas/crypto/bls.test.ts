import { describe, expect, it } from 'vitest';
import { BEACON_VECTORS, beaconContract } from '../../test/contracts/beacon.js';
import { fromHex, toHex } from '../kernel/bytes.js';
import { beaconKeysMatch, beaconPublicKeyOf, portableBeacon } from './bls.js';

beaconContract('noble curves', async () => portableBeacon);

function groupKeyOf(secret: number): Uint8Array {
  return beaconPublicKeyOf(new Uint8Array(32).fill(secret, 31));
}

describe('beacon keys', () => {
  const group = fromHex(BEACON_VECTORS.groupPublicKey);
  const keys = BEACON_VECTORS.shares.map(({ sharePublicKey }) => fromHex(sharePublicKey));

  it('are derived from secrets in range only', () => {
    for (const { secretShare, sharePublicKey } of BEACON_VECTORS.shares) {
      expect(toHex(beaconPublicKeyOf(fromHex(secretShare)))).toBe(sharePublicKey);
    }
    expect(() => beaconPublicKeyOf(new Uint8Array(32))).toThrow(/range/);
    expect(() => beaconPublicKeyOf(new Uint8Array(32).fill(255))).toThrow(/range/);
  });

  it('match when they lie on one polynomial of that degree', () => {
    expect(beaconKeysMatch(group, keys, 3)).toBe(true);
  });

  it.each([
    ['another threshold', group, keys, 2],
    ['a threshold above their number', group, keys.slice(0, 2), 3],
    ['a share key left out', group, keys.slice(0, 3), 3],
    ['another group key', keys[0]!, keys, 3],
    ['one share key replaced', group, [keys[0]!, keys[1]!, keys[2]!, group], 3],
    ['two share keys exchanged', group, [keys[1]!, keys[0]!, keys[2]!, keys[3]!], 3],
    ['share keys that cancel to infinity', group, [groupKeyOf(5), groupKeyOf(10)], 2],
    ['a share key that is no point', group, [keys[0]!, keys[1]!, keys[2]!, new Uint8Array(48)], 3],
  ])('do not match with %s', (_, groupKey, shareKeys, threshold) => {
    expect(beaconKeysMatch(groupKey, shareKeys, threshold)).toBe(false);
  });
});
