import { expect, it } from 'vitest';
import type { SignedMessage } from '../../schemas/crypto/signatures.js';
import { uint64 } from '../../schemas/kernel/bytes.js';
import { BEACONS_PER_BATCH_MAX } from '../../schemas/limits.js';
import { DeferredBeacons } from './deferredBeacons.js';

const none = new Uint8Array(0);

/** Answers that a test gives, batch by batch, in any order. */
function openVerifier() {
  const batches: { readonly size: number; answer(isGood: (place: number) => boolean): void }[] = [];
  return {
    batches,
    verifyBatch: (beacons: readonly SignedMessage[]): Promise<readonly boolean[]> =>
      new Promise((resolve) => {
        const answer = (isGood: (place: number) => boolean): void =>
          resolve(beacons.map((_, place) => isGood(place)));
        batches.push({ size: beacons.length, answer });
      }),
  };
}

function noteHeights(beacons: DeferredBeacons, from: number, to: number): void {
  for (let height = from; height <= to; height++) {
    const isGood = beacons.noting(() => height).verify(none, uint64(height), none);
    expect(isGood).toBe(true);
  }
}

it('verifies what was noted together in bounded batches, and counts what is open', async () => {
  const verifier = openVerifier();
  let verified = 0;
  const beacons = new DeferredBeacons(verifier, () => {
    verified += 1;
  });
  const count = 2 * BEACONS_PER_BATCH_MAX + 1;
  noteHeights(beacons, 1, count);
  expect(verifier.batches).toHaveLength(0);
  beacons.verify();
  beacons.verify();
  const sizes = [BEACONS_PER_BATCH_MAX, BEACONS_PER_BATCH_MAX, 1];
  expect(verifier.batches.map(({ size }) => size)).toEqual(sizes);
  expect([beacons.open, verified]).toEqual([count, 0]);
  for (const { answer } of verifier.batches) answer(() => true);
  expect(await beacons.settled()).toBe(null);
  expect([beacons.open, verified]).toEqual([0, 3]);
});

it('names the first wrong height, whichever answer is first, and does not forget it', async () => {
  const verifier = openVerifier();
  const beacons = new DeferredBeacons(verifier);
  noteHeights(beacons, 1, 3);
  beacons.verify();
  noteHeights(beacons, 4, 6);
  beacons.verify();
  const settled = beacons.settled();
  verifier.batches[1]?.answer((place) => place > 0);
  verifier.batches[0]?.answer((place) => place !== 1);
  expect(await settled).toBe(2);
  noteHeights(beacons, 7, 7);
  beacons.verify();
  verifier.batches[2]?.answer(() => true);
  expect(await beacons.settled()).toBe(2);
});

it('does not wait for what is noted later', async () => {
  const verifier = openVerifier();
  const beacons = new DeferredBeacons(verifier);
  noteHeights(beacons, 1, 1);
  beacons.verify();
  const settled = beacons.settled();
  noteHeights(beacons, 2, 2);
  beacons.verify();
  verifier.batches[0]?.answer(() => true);
  expect(await settled).toBe(null);
});

it('rejects with the error of the verifier', async () => {
  const failing = { verifyBatch: () => Promise.reject(new Error('the thread died')) };
  const beacons = new DeferredBeacons(failing);
  noteHeights(beacons, 1, 1);
  beacons.verify();
  await expect(beacons.settled()).rejects.toThrow('the thread died');
});
