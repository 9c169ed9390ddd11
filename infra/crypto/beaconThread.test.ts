import { describe, expect, it } from 'vitest';
import { createThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import { present } from '../../schemas/kernel/assert.js';
import { ascii } from '../../schemas/kernel/bytes.js';
import { dealBeaconKeys } from './beaconDealer.js';
import { type BeaconThread, startBeaconThread } from './beaconThread.js';
import { createNativeBeacon } from './nativeBeacon.js';

const MESSAGE = ascii('height 7');
const dealing = dealBeaconKeys({ validators: 4, threshold: 3, seed: new Uint8Array(32).fill(5) });
const group = {
  groupKey: dealing.groupPublicKey,
  shareKeys: dealing.shares.map(({ sharePublicKey }) => sharePublicKey),
};
const secretOf = (index: number): Uint8Array => present(dealing.shares[index], 'share').secretShare;

async function startThread(): Promise<BeaconThread> {
  const own = { secretShare: secretOf(0), scheme: await createNativeBeacon() };
  return startBeaconThread(group, own);
}

async function onThread(run: (thread: BeaconThread) => Promise<void>): Promise<void> {
  const thread = await startThread();
  try {
    await run(thread);
  } finally {
    await thread.close();
  }
}

describe('the beacon on its own thread', () => {
  it('answers as the scheme does on this one, each question in its turn', async () => {
    const scheme = await createNativeBeacon();
    const here = createThresholdSigner(group, secretOf(0), scheme);
    const shares = [0, 1, 3].map((index) => ({
      index,
      signature: scheme.signShare(secretOf(index), MESSAGE),
    }));
    const bad = [...shares.slice(0, 2), { ...present(shares[2], 'share'), index: 2 }];
    await onThread(async (thread) => {
      const answers = await Promise.all([
        thread.sign(MESSAGE),
        thread.combine(MESSAGE, shares),
        thread.combine(MESSAGE, bad),
        thread.sign(ascii('height 8')),
      ]);
      expect(answers).toEqual([
        await here.sign(MESSAGE),
        present(await here.combine(MESSAGE, shares), 'signature'),
        null,
        await here.sign(ascii('height 8')),
      ]);
    });
  });

  it('says that the thread has died, to who waits and to who asks later', async () => {
    const thread = await startThread();
    const died = { code: 'worker-died' };
    // An assertion there: nobody combines no shares.
    await expect(thread.combine(MESSAGE, [])).rejects.toMatchObject(died);
    await expect(thread.combine(MESSAGE, [])).rejects.toMatchObject(died);
    await thread.close();
  });
});
