import { parentPort, workerData } from 'node:worker_threads';
import { present } from '../../schemas/kernel/assert.js';
import { VERIFY_SLOT_BYTES } from '../../schemas/limits.js';
import { nativeVerifier } from './nativeSignatures.js';
import { slotsOf, type VerifyWorkerData, verifySlot, WORKER_READY } from './verifySlot.js';

// A worker of verifyPool.ts: takes numbers of filled slots, posts them back with answers inside.
const port = present(parentPort, 'parent port: this file is a worker');
const slots = slotsOf((workerData as VerifyWorkerData).memory);
const verifier = nativeVerifier();
const copy = new Uint8Array(VERIFY_SLOT_BYTES);

port.on('message', (index: number) => {
  verifySlot(present(slots[index], 'slot'), copy, verifier);
  port.postMessage(index);
});
port.postMessage(WORKER_READY);
