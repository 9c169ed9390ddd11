import { randomBytes } from 'node:crypto';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import type { VerifyPool } from '../../infra/crypto/verifyPool.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import type { SignedMessage } from '../../schemas/crypto/signatures.js';
import { present } from '../../schemas/kernel/assert.js';
import { VERIFY_CHUNK_SIGNATURES_MAX, VERIFY_SLOTS_PER_WORKER } from '../../schemas/limits.js';

/** Signers of a ceiling: more than any cache of the processor keeps in the form of points. */
const KEYS = 512;
/** A signed command with its head is about this long. */
const MESSAGE_BYTES = 150;
const TURN = 32;

/** Calls a second of `step`, which does `perCall` of what is counted, over about `seconds`. */
export function callsPerSecond(seconds: number, perCall: number, step: () => void): number {
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  let done = 0;
  let nowMs = startedMs;
  do {
    step();
    done += perCall;
    nowMs = performance.now();
  } while (nowMs < endMs);
  return (done * 1_000) / (nowMs - startedMs);
}

/** SHA-256 of so many bytes, through the function that everything hashes by, on one thread. */
export function hashesPerSecond(bytes: number, seconds: number): number {
  const input = new Uint8Array(randomBytes(bytes));
  return callsPerSecond(seconds, TURN, () => {
    for (let i = 0; i < TURN; i++) sha256(input);
  });
}

/** Microseconds of CPU of one SHA-256 of so many bytes. */
export function hashCpuUs(bytes: number): number {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const done = (hashesPerSecond(bytes, 0.3) * (performance.now() - startedMs)) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / done;
}

/** Good signatures of many signers over messages of a command's length. */
export function signedMessages(count: number): SignedMessage[] {
  const signers = Array.from({ length: Math.min(count, KEYS) }, () =>
    createNativeSigner(new Uint8Array(randomBytes(32))),
  );
  return Array.from({ length: count }, (_, index) => {
    const signer = present(signers[index % signers.length], 'signer');
    const message = new Uint8Array(randomBytes(MESSAGE_BYTES));
    return { publicKey: signer.publicKey, message, signature: signer.sign(message) };
  });
}

/** Signatures a second that one thread verifies and does nothing else. */
export function verifiesPerSecond(seconds: number, signed = signedMessages(KEYS)): number {
  const verifier = nativeVerifier();
  let next = 0;
  return callsPerSecond(seconds, TURN, () => {
    for (let i = 0; i < TURN; i++) {
      const { publicKey, message, signature } = present(signed[next++ % signed.length], 'signed');
      if (!verifier.verify(publicKey, message, signature)) throw new Error('a good one failed');
    }
  });
}

/**
 * Microseconds of CPU that one verification costs, which other work on the machine hardly moves.
 */
export function verifyCpuUs(): number {
  const signed = signedMessages(KEYS);
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const rate = verifiesPerSecond(0.5, signed);
  const done = (rate * (performance.now() - startedMs)) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / done;
}

/** Signatures a second through a pool of workers that never runs dry. */
export async function poolVerifiesPerSecond(pool: VerifyPool, seconds: number): Promise<number> {
  const batch = signedMessages(VERIFY_CHUNK_SIGNATURES_MAX * VERIFY_SLOTS_PER_WORKER);
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  let done = 0;
  const feed = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const answers = await pool.verifyBatch(batch);
      if (answers.includes(false)) throw new Error('a good one failed');
      done += batch.length;
    }
  };
  await Promise.all([feed(), feed(), feed()]);
  return (done * 1_000) / (performance.now() - startedMs);
}
