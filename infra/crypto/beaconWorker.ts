import { parentPort, workerData } from 'node:worker_threads';
import { type BeaconGroup, combinedSignature } from '../../consensus/beacon/thresholdSigner.js';
import { present } from '../../schemas/kernel/assert.js';
import type { BeaconAnswer, BeaconQuestion } from './beaconThread.js';
import { createNativeBeacon } from './nativeBeacon.js';

// The thread of beaconThread.ts: answers one question after the other, in their order.
const port = present(parentPort, 'parent port: this file is a worker');
const group = workerData as BeaconGroup;
const scheme = await createNativeBeacon();
const post = (answer: BeaconAnswer): void => port.postMessage(answer);

port.on('message', ({ message, shares }: BeaconQuestion) => {
  post(combinedSignature(scheme, group, message, shares));
});
post(null);
