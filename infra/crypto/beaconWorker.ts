import { parentPort, workerData } from 'node:worker_threads';
import { combinedSignature } from '../../consensus/beacon/thresholdSigner.js';
import { present } from '../../schemas/kernel/assert.js';
import type { BeaconAnswer, BeaconQuestion, BeaconThreadData } from './beaconThread.js';
import { createNativeBeacon } from './nativeBeacon.js';

// The thread of beaconThread.ts: answers one question after the other, in their order.
const port = present(parentPort, 'parent port: this file is a worker');
const { groupKey } = workerData as BeaconThreadData;
const scheme = await createNativeBeacon();
const post = (answer: BeaconAnswer): void => port.postMessage(answer);

port.on('message', ({ message, shares }: BeaconQuestion) => {
  post(combinedSignature(scheme, groupKey, message, shares));
});
post(null);
