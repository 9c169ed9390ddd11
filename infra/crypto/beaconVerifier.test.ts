import { afterEach, expect, it } from 'vitest';
import type { SignedMessage } from '../../schemas/crypto/signatures.js';
import { uint64 } from '../../schemas/kernel/bytes.js';
import { BEACONS_PER_BATCH_MAX } from '../../schemas/limits.js';
import { dealBeaconKeys } from './beaconDealer.js';
import { type BeaconVerifier, openBeaconVerifier } from './beaconVerifier.js';
import { createNativeBeacon } from './nativeBeacon.js';

const dealing = dealBeaconKeys({ validators: 1, threshold: 1, seed: new Uint8Array(32).fill(3) });
const scheme = await createNativeBeacon();
const opened: BeaconVerifier[] = [];

afterEach(async () => {
  for (const verifier of opened.splice(0)) await verifier.close();
});

async function open(): Promise<BeaconVerifier> {
  const verifier = await openBeaconVerifier();
  opened.push(verifier);
  return verifier;
}

function beaconOf(height: number): SignedMessage {
  const message = uint64(height);
  const share = scheme.signShare(dealing.shares[0]!.secretShare, message);
  const signature = scheme.combine([{ index: 0, signature: share }], 1)!;
  return { publicKey: dealing.groupPublicKey, message, signature };
}

const beacons = Array.from({ length: BEACONS_PER_BATCH_MAX }, (_, height) => beaconOf(height));

it('answers batches in their order, each beacon for itself', async () => {
  const verifier = await open();
  const wrong = { ...beacons[7]!, signature: beacons[8]!.signature };
  const some = [...beacons.slice(0, 7), wrong, ...beacons.slice(8, 10)];
  const answers = await Promise.all([beacons, some, []].map((all) => verifier.verifyBatch(all)));
  expect(answers[0]).toEqual(beacons.map(() => true));
  expect(answers[1]).toEqual(some.map((_, place) => place !== 7));
  expect(answers[2]).toEqual([]);
});

it('starts another thread after one that has died, and says that it did', async () => {
  const verifier = await open();
  // A message that is none ends the thread.
  const poison = { ...beacons[0]!, message: { slice: () => null } as unknown as Uint8Array };
  const failure = { code: 'worker-died', retriable: true };
  await expect(verifier.verifyBatch([poison])).rejects.toMatchObject(failure);
  expect(await verifier.verifyBatch(beacons.slice(0, 2))).toEqual([true, true]);
});

it('stops at more than a batch may hold, a bug of the caller', async () => {
  const verifier = await open();
  const tooMany = [...beacons, beaconOf(0)];
  expect(() => verifier.verifyBatch(tooMany)).toThrow(/beacons at once/);
});
