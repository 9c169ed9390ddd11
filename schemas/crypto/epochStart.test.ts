import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chainKeys,
  chainStart,
  keyedVerifiers,
  startEpoch,
} from '../../test/simulation/certifiedChain.js';
import { encode } from '../codec/codec.js';
import type { EpochStart } from '../types/block.js';
import { keysAtHeight, keysOfEpoch } from './epochKeys.js';
import { continuesTip, keysAfter, keysWithStarts, startsOf } from './epochStart.js';

const { signatures: verifier } = keyedVerifiers;
const tipAt = (height: number) => ({ ...chainStart, height });
const bytes = (start: EpochStart) => encode('EpochStart', start);
const first = startEpoch(1, tipAt(9));
const second = startEpoch(2, tipAt(30));

describe('the keys of a chain', () => {
  test('are those of genesis and of every epoch that its recovery keys began', () => {
    const keys = keysWithStarts(chainKeys, [bytes(first), bytes(second)], verifier)!;
    const owners = [1, 9, 10, 30, 31, 1_000].map((height) => keysAtHeight(keys, height).epoch);
    expect(owners).toEqual([0, 0, 1, 1, 2, 2]);
    expect(keysOfEpoch(keys, 0, 9)).toBe(chainKeys);
    expect(keysOfEpoch(keys, 0, 10)).toBeNull();
    expect(keysOfEpoch(keys, 1, 9)).toBeNull();
    expect(startsOf(keys).map(bytes)).toEqual([bytes(first), bytes(second)]);
    expect(continuesTip(keys, tipAt(30))).toBe(true);
    expect(continuesTip(keys, tipAt(29))).toBe(false);
  });

  test('skip no epoch, turn none around, and never begin before the one before', () => {
    expect(keysWithStarts(chainKeys, [bytes(second)], verifier)).toBeNull();
    expect(keysWithStarts(chainKeys, [bytes(first), bytes(first)], verifier)).toBeNull();
    const early = bytes(startEpoch(2, tipAt(8)));
    expect(keysWithStarts(chainKeys, [bytes(first), early], verifier)).toBeNull();
    expect(keysWithStarts(chainKeys, [new Uint8Array(5)], verifier)).toBeNull();
  });

  test('need as many recovery keys as genesis says, each once', () => {
    for (const signers of [[], [0], [0, 0], [2, 1]]) {
      expect(keysAfter(chainKeys, startEpoch(1, tipAt(9), signers), verifier)).toBeNull();
    }
    for (const signers of [
      [0, 1],
      [1, 2],
      [0, 1, 2],
    ]) {
      expect(keysAfter(chainKeys, startEpoch(1, tipAt(9), signers), verifier)?.epoch).toBe(1);
    }
    const unguarded = { ...chainKeys, recoveryKeys: { threshold: 0, keys: [] } };
    expect(keysAfter(unguarded, startEpoch(1, tipAt(9), []), verifier)).toBeNull();
  });

  test('are not changed by a start with any byte changed', () => {
    const whole = bytes(first);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = whole.slice();
        altered[at] = altered[at]! ^ change;
        expect(keysWithStarts(chainKeys, [altered], verifier)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
