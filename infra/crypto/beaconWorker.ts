import { parentPort, workerData } from 'node:worker_threads';
import { createThresholdSigner } from '../../consensus/beacon/thresholdSigner.js';
import { present } from '../../schemas/kernel/assert.js';
import type { BeaconAnswer, BeaconQuestion, BeaconThreadData } from './beaconThread.js';
import { createNativeBeacon } from './nativeBeacon.js';

// The thread of beaconThread.ts: answers one question after the other, in their order.
const port = present(parentPort, 'parent port: this file is a worker');
const data = workerData as BeaconThreadData;
const signer = createThresholdSigner(data, data.secretShare, await createNativeBeacon());
const post = (answer: BeaconAnswer): void => port.postMessage(answer);
let turn: Promise<void> = Promise.resolve();

port.on('message', ({ message, shares }: BeaconQuestion) => {
  turn = turn.then(async () => {
    post(shares === null ? await signer.sign(message) : await signer.combine(message, shares));
  });
});
post(null);
