import { parentPort } from 'node:worker_threads';
import { present } from '../../schemas/kernel/assert.js';
import type { BeaconBatch, BeaconVerdicts } from './beaconVerifier.js';
import { createNativeBeacon } from './nativeBeacon.js';

// The thread of beaconVerifier.ts: answers one batch after the other, in their order.
const port = present(parentPort, 'parent port: this file is a worker');
const scheme = await createNativeBeacon();
const post = (answer: BeaconVerdicts): void => port.postMessage(answer);

port.on('message', async (batch: BeaconBatch) => post(await scheme.verifyBatch(batch)));
post([]);
