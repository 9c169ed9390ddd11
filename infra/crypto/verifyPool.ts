import { Worker } from 'node:worker_threads';
import type { BatchVerifier, SignedMessage } from '../../schemas/crypto/signatures.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import {
  VERIFY_CHUNK_SIGNATURES_MAX,
  VERIFY_INLINE_SIGNATURES_MAX,
  VERIFY_PENDING_SIGNATURES_MAX,
  VERIFY_SLOTS_PER_WORKER,
  VERIFY_WORKER_DEATHS_MAX,
} from '../../schemas/limits.js';
import { compiledUrl } from './compiledUrl.js';
import { CryptoError } from './errors.js';
import { nativeVerifier } from './nativeSignatures.js';
import {
  createSlotMemory,
  hasExactLengths,
  readAnswer,
  recordBytes,
  SLOT_CAPACITY_BYTES,
  slotsOf,
  type VerifySlot,
  type VerifyWorkerData,
  WORKER_READY,
  writeSlot,
} from './verifySlot.js';

export interface VerifyPoolOptions {
  /** Threads; one a core that has nothing better to do. */
  readonly workers: number;
  /** Batches up to this size are verified on the calling thread. */
  readonly inlineMax?: number;
  /** The compiled worker, for tests. */
  readonly workerUrl?: URL;
}

/** One call of `verifyBatch` until its last answer is in. */
interface Batch {
  readonly messages: readonly SignedMessage[];
  readonly answers: boolean[];
  missing: number;
  readonly resolve: (answers: readonly boolean[]) => void;
  readonly reject: (error: CryptoError) => void;
}

/** A part of a batch that goes through one slot: positions in `batch.messages`. */
interface Chunk {
  readonly batch: Batch;
  readonly positions: readonly number[];
}

/** One worker's place; a worker that dies is followed by another in the same place. */
interface Seat {
  worker: Worker | null;
  ready: boolean;
  slots: readonly VerifySlot[];
  /** What each slot holds; null when it is free. */
  chunks: (Chunk | null)[];
  /** In a row, without a finished chunk between them. */
  deaths: number;
}

/**
 * Verifies batches of signatures on worker threads over shared memory. A batch is cut into chunks
 * that all workers share; several chunks a worker are in flight; answers come in the order of the
 * messages. The messages must not change before the promise settles.
 *
 * verifyBatch rejects with CryptoError: `pool-overloaded` (retriable) above
 * VERIFY_PENDING_SIGNATURES_MAX, `worker-died` (retriable) for the batches a dead worker held,
 * `workers-unavailable` when no worker can be kept alive, `pool-closed` after close.
 */
export class VerifyPool implements BatchVerifier {
  readonly #verifier = nativeVerifier();
  readonly #inlineMax: number;
  readonly #workerUrl: URL;
  readonly #seats: Seat[];
  #queue: Chunk[] = [];
  #pending = 0;
  #closed: CryptoError | null = null;
  #started: { resolve: () => void; reject: (error: CryptoError) => void } | null = null;

  private constructor(options: VerifyPoolOptions) {
    assert(Number.isInteger(options.workers) && options.workers > 0, 'a pool without workers');
    this.#inlineMax = options.inlineMax ?? VERIFY_INLINE_SIGNATURES_MAX;
    this.#workerUrl = options.workerUrl ?? compiledUrl('verifyWorker.js', import.meta.url);
    this.#seats = Array.from({ length: options.workers }, () => ({
      worker: null,
      ready: false,
      slots: [],
      chunks: [],
      deaths: 0,
    }));
  }

  /** Starts the workers and waits until each has checked its library (0.1 to 0.2 s). */
  static async open(options: VerifyPoolOptions): Promise<VerifyPool> {
    const pool = new VerifyPool(options);
    await new Promise<void>((resolve, reject) => {
      pool.#started = { resolve, reject };
      for (const seat of pool.#seats) pool.#start(seat);
    });
    return pool;
  }

  /** Signatures waiting or being verified, for metrics and for shedding load early. */
  get pendingSignatures(): number {
    return this.#pending;
  }

  verifyBatch(messages: readonly SignedMessage[]): Promise<readonly boolean[]> {
    assert(messages.length <= VERIFY_PENDING_SIGNATURES_MAX, 'batch above the bound of the queue');
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if (messages.length <= this.#inlineMax) {
      return Promise.resolve(messages.map((signed) => this.#verifyHere(signed)));
    }
    if (this.#pending + messages.length > VERIFY_PENDING_SIGNATURES_MAX) {
      const message = `${this.#pending} signatures are waiting`;
      return Promise.reject(new CryptoError('pool-overloaded', message));
    }
    return new Promise((resolve, reject) => {
      this.#pending += messages.length;
      const answers = new Array<boolean>(messages.length).fill(false);
      this.#enqueue({ messages, answers, missing: messages.length, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers. Batches that are not finished are rejected with `pool-closed`. */
  async close(): Promise<void> {
    this.#end(new CryptoError('pool-closed', 'the verify pool was closed'));
    await Promise.all(this.#seats.map((seat) => seat.worker?.terminate()));
  }

  #verifyHere({ publicKey, message, signature }: SignedMessage): boolean {
    return this.#verifier.verify(publicKey, message, signature);
  }

  /** Cuts a batch into chunks. Wrong lengths are false at once; what fits no slot is done here. */
  #enqueue(batch: Batch): void {
    const even = Math.ceil(batch.messages.length / this.#seats.length);
    const sizeMax = Math.min(VERIFY_CHUNK_SIGNATURES_MAX, even);
    let positions: number[] = [];
    let bytes = 0;
    for (const [position, signed] of batch.messages.entries()) {
      const needed = recordBytes(signed);
      if (!hasExactLengths(signed) || needed > SLOT_CAPACITY_BYTES) {
        this.#answer(batch, position, this.#verifyHere(signed));
        continue;
      }
      if (positions.length === sizeMax || bytes + needed > SLOT_CAPACITY_BYTES) {
        this.#queue.push({ batch, positions });
        positions = [];
        bytes = 0;
      }
      positions.push(position);
      bytes += needed;
    }
    if (positions.length > 0) this.#queue.push({ batch, positions });
  }

  #answer(batch: Batch, position: number, valid: boolean): void {
    batch.answers[position] = valid;
    batch.missing -= 1;
    this.#pending -= 1;
    if (batch.missing === 0) batch.resolve(batch.answers);
  }

  #dispatch(): void {
    let taken = 0;
    for (const chunk of this.#queue) {
      const seat = this.#leastBusy();
      if (seat === null) break;
      const index = seat.chunks.indexOf(null);
      seat.chunks[index] = chunk;
      const messages = chunk.positions.map((i) => present(chunk.batch.messages[i], 'message'));
      writeSlot(present(seat.slots[index], 'slot'), messages);
      seat.worker?.postMessage(index);
      taken += 1;
    }
    if (taken > 0) this.#queue = this.#queue.slice(taken);
  }

  /** The ready worker with the most free slots, null when all are full. */
  #leastBusy(): Seat | null {
    let best: Seat | null = null;
    let bestFree = 0;
    for (const seat of this.#seats) {
      if (!seat.ready) continue;
      const free = seat.chunks.reduce((sum, chunk) => (chunk === null ? sum + 1 : sum), 0);
      if (free > bestFree) [best, bestFree] = [seat, free];
    }
    return best;
  }

  #start(seat: Seat): void {
    const memory = createSlotMemory();
    const data: VerifyWorkerData = { memory };
    const worker = new Worker(this.#workerUrl, { workerData: data, execArgv: [] });
    seat.worker = worker;
    seat.slots = slotsOf(memory);
    seat.chunks = new Array<Chunk | null>(VERIFY_SLOTS_PER_WORKER).fill(null);
    let cause: unknown = null;
    worker.on('message', (index: number) => this.#received(seat, index));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => this.#died(seat, cause));
  }

  #received(seat: Seat, index: number): void {
    if (this.#closed !== null) return;
    if (index === WORKER_READY) {
      seat.ready = true;
      this.#checkStarted();
    } else {
      this.#finish(seat, index);
    }
    this.#dispatch();
  }

  #finish(seat: Seat, index: number): void {
    const chunk = present(seat.chunks[index], 'chunk of an answered slot');
    const slot = present(seat.slots[index], 'slot');
    seat.chunks[index] = null;
    seat.deaths = 0;
    if (chunk.batch.missing === 0) return; // Failed meanwhile, by another worker's death.
    for (const [i, position] of chunk.positions.entries()) {
      this.#answer(chunk.batch, position, readAnswer(slot, i));
    }
  }

  #died(seat: Seat, cause: unknown): void {
    seat.worker = null;
    seat.ready = false;
    if (this.#closed !== null) return;
    seat.deaths += 1;
    const reason = cause instanceof Error ? cause.message : 'it exited';
    const error = new CryptoError('worker-died', `a verify worker died: ${reason}`, { cause });
    for (const chunk of seat.chunks) if (chunk !== null) this.#fail(chunk.batch, error);
    seat.chunks = [];
    if (seat.deaths < VERIFY_WORKER_DEATHS_MAX) this.#start(seat);
    else if (this.#seats.every((one) => one.worker === null)) this.#giveUp(error);
    else this.#checkStarted();
  }

  /** The pool is open once every worker is ready or given up, and one is ready. */
  #checkStarted(): void {
    const waiting = this.#seats.some((seat) => seat.worker !== null && !seat.ready);
    if (!waiting) this.#reportStart(null);
  }

  #giveUp(cause: CryptoError): void {
    const message = `no verify worker can be kept alive: ${cause.message}`;
    this.#end(new CryptoError('workers-unavailable', message, { cause }));
  }

  #fail(batch: Batch, error: CryptoError): void {
    this.#pending -= batch.missing;
    batch.missing = 0;
    this.#queue = this.#queue.filter((chunk) => chunk.batch !== batch);
    batch.reject(error);
  }

  /** Rejects all that is open and every later call with `error`. */
  #end(error: CryptoError): void {
    this.#closed ??= error;
    const held = this.#seats.flatMap((seat) => seat.chunks);
    for (const chunk of [...held, ...this.#queue]) {
      if (chunk !== null && chunk.batch.missing > 0) this.#fail(chunk.batch, error);
    }
    this.#reportStart(error);
  }

  #reportStart(error: CryptoError | null): void {
    if (error === null) this.#started?.resolve();
    else this.#started?.reject(error);
    this.#started = null;
  }
}
