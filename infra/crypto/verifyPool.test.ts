import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { SignedMessage } from '../../schemas/crypto/signatures.js';
import { ascii, fromHex } from '../../schemas/kernel/bytes.js';
import { VERIFY_PENDING_SIGNATURES_MAX, VERIFY_SLOT_BYTES } from '../../schemas/limits.js';
import { SIGNATURE_VECTORS } from '../../test/contracts/signature.js';
import { inlineBatchVerifier } from './inlineBatchVerifier.js';
import { createNativeSigner, nativeVerifier } from './nativeSignatures.js';
import { VerifyPool, type VerifyPoolOptions } from './verifyPool.js';

const signer = createNativeSigner(new Uint8Array(32).fill(1));
const inline = inlineBatchVerifier(nativeVerifier());
const open: VerifyPool[] = [];
const folder = mkdtempSync(join(tmpdir(), 'nullspace-verify-pool-'));
const realWorker = new URL('../../dist/infra/crypto/verifyWorker.js', import.meta.url).href;

async function openPool(options: VerifyPoolOptions): Promise<VerifyPool> {
  const pool = await VerifyPool.open(options);
  open.push(pool);
  return pool;
}

/** A worker file with this text, for faults that the real one does not have. */
function workerFile(name: string, text: string): URL {
  const path = join(folder, name);
  writeFileSync(path, text);
  return pathToFileURL(path);
}

function signedMessage(title: string, valid = true): SignedMessage {
  const message = ascii(title);
  const signature = signer.sign(message);
  if (!valid) signature[40] = signature[40]! ^ 1;
  return { publicKey: signer.publicKey, message, signature };
}

function manyMessages(count: number): SignedMessage[] {
  return Array.from({ length: count }, (_, i) => signedMessage(`bet ${i}`, i % 7 !== 3));
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

const VECTORS: readonly SignedMessage[] = SIGNATURE_VECTORS.map((vector) => ({
  publicKey: fromHex(vector.publicKey),
  message: fromHex(vector.message),
  signature: fromHex(vector.signature),
}));

describe('VerifyPool', () => {
  it('gives the answer of every vector, in order, whatever the lengths', async () => {
    const pool = await openPool({ workers: 2, inlineMax: 0 });
    const expected = SIGNATURE_VECTORS.map(({ valid }) => valid);
    expect(await pool.verifyBatch(VECTORS)).toEqual(expected);
    expect(await inline.verifyBatch(VECTORS)).toEqual(expected);
    expect(await pool.verifyBatch([])).toEqual([]);
    expect(pool.pendingSignatures).toBe(0);
  });

  it('equals the calling thread on batches of any size, many in flight', async () => {
    const pool = await openPool({ workers: 2 });
    const pieces = [...VECTORS, ...manyMessages(50)];
    const batch = fc.array(fc.constantFrom(...pieces), { maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), async (batches) => {
        const answers = await Promise.all(batches.map((one) => pool.verifyBatch(one)));
        const expected = await Promise.all(batches.map((one) => inline.verifyBatch(one)));
        expect(answers).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('takes messages larger than a slot and batches larger than all slots', async () => {
    const pool = await openPool({ workers: 1 });
    const long = 'x'.repeat(VERIFY_SLOT_BYTES);
    const half = 'y'.repeat(VERIFY_SLOT_BYTES / 2);
    const large = [signedMessage(long), signedMessage(half), signedMessage(half, false)];
    expect(await pool.verifyBatch(large)).toEqual([true, true, false]);
    const many = manyMessages(1_000);
    expect(await pool.verifyBatch(many)).toEqual(await inline.verifyBatch(many));
  });

  it('refuses what would overfill the queue, and recovers', async () => {
    const pool = await openPool({ workers: 2 });
    const one = signedMessage('bet', false);
    const wrongLength = { ...one, signature: one.signature.slice(1) };
    const full = new Array<SignedMessage>(VERIFY_PENDING_SIGNATURES_MAX).fill(wrongLength);
    full[0] = signedMessage('bet');
    const first = pool.verifyBatch(full);
    const bulk = pool.verifyBatch(new Array(VERIFY_PENDING_SIGNATURES_MAX - 1).fill(wrongLength));
    await expect(bulk).resolves.toContain(false);
    const second = pool.verifyBatch(manyMessages(VERIFY_PENDING_SIGNATURES_MAX / 64));
    const refused = pool.verifyBatch(full);
    await expect(refused).rejects.toMatchObject({ code: 'pool-overloaded', retriable: true });
    expect((await first)[0]).toBe(true);
    expect((await second).length).toBe(VERIFY_PENDING_SIGNATURES_MAX / 64);
    expect((await pool.verifyBatch(manyMessages(10))).length).toBe(10);
  });

  it('rejects the batches of a worker that dies, starts another and goes on', async () => {
    const marker = JSON.stringify(join(folder, 'died-once'));
    const workerUrl = workerFile(
      'dies-once.mjs',
      `import { existsSync, writeFileSync } from 'node:fs';
       import { parentPort } from 'node:worker_threads';
       if (existsSync(${marker})) await import('${realWorker}');
       else {
         writeFileSync(${marker}, '');
         parentPort.on('message', () => process.exit(3));
         parentPort.postMessage(-1);
       }`,
    );
    const pool = await openPool({ workers: 1, workerUrl });
    const held = pool.verifyBatch(manyMessages(1_000));
    await expect(held).rejects.toMatchObject({ code: 'worker-died', retriable: true });
    expect(pool.pendingSignatures).toBe(0);
    const again = manyMessages(20);
    expect(await pool.verifyBatch(again)).toEqual(await inline.verifyBatch(again));
  });

  it('gives up when no worker can be kept alive, at start and later', async () => {
    const broken = workerFile('broken.mjs', `throw new Error('no binary here');`);
    await expect(VerifyPool.open({ workers: 2, workerUrl: broken })).rejects.toMatchObject({
      code: 'workers-unavailable',
      message: expect.stringContaining('no binary here'),
    });
    const dies = workerFile(
      'dies.mjs',
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', () => process.exit(3));
       parentPort.postMessage(-1);`,
    );
    const pool = await openPool({ workers: 1, workerUrl: dies });
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const failure = await pool.verifyBatch(manyMessages(3)).catch((error) => error);
      codes.push(failure.code);
    }
    expect(codes.slice(0, 3)).toEqual(['worker-died', 'worker-died', 'worker-died']);
    expect(codes.slice(3)).toEqual(['workers-unavailable', 'workers-unavailable']);
  });

  it('rejects what is open when it is closed, and everything after', async () => {
    const pool = await openPool({ workers: 1 });
    const held = expect(pool.verifyBatch(manyMessages(500))).rejects.toMatchObject({
      code: 'pool-closed',
      retriable: false,
    });
    await pool.close();
    await held;
    await expect(pool.verifyBatch(manyMessages(1))).rejects.toMatchObject({ code: 'pool-closed' });
  });
});
