import { type Sha256Each, sha256Into } from '../../schemas/crypto/sha256.js';
import { assert } from '../../schemas/kernel/assert.js';
import {
  CONSTANTS_BYTES,
  LANES,
  LAST_STRIDE,
  MEMORY_BYTES,
  roundConstants,
  sha256LanesModule,
} from './sha256LanesModule.js';

const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;
/** A block's last bytes: 0x80 behind the message, and its length in bits. */
const PADDING_BYTES = 9;
const LAST = CONSTANTS_BYTES;
const MESSAGES = LAST + LANES * LAST_STRIDE;
/** Digests stand at the end of memory; the lanes of an incomplete four write behind the last. */
const BATCH_MAX = 1_024;
const DIGESTS = MEMORY_BYTES - (BATCH_MAX + LANES) * DIGEST_BYTES;

/** What is used of the WebAssembly JavaScript interface: Node has it, and its types do not. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  hash4(
    p0: number,
    p1: number,
    p2: number,
    p3: number,
    blocks: number,
    last: number,
    lastBlocks: number,
    digests: number,
  ): void;
}

/**
 * SHA-256 of many short messages at once, four in a vector: 0.4 of the price of one by one at 65
 * bytes. Null where the processor or the engine has no such vectors.
 */
export function sha256Lanes(): Sha256Each | null {
  const bytes = sha256LanesModule();
  if (!WebAssembly.validate(bytes)) return null;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, hash4 } = instance.exports as Exports;
  const bytesOf = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  for (const [index, value] of roundConstants.entries()) view.setInt32(4 * index, value, true);
  let prepared: Shape = shapeOf(0);
  prepare(bytesOf, view, prepared);

  const batch = (length: number, count: number): void => {
    if (length !== prepared.length) {
      prepared = shapeOf(length);
      prepare(bytesOf, view, prepared);
    }
    const { blocks, rest, lastBlocks } = prepared;
    for (let first = 0; first < count; first += LANES) {
      // An incomplete four hashes its last message again.
      const p0 = MESSAGES + first * length;
      const p1 = MESSAGES + Math.min(first + 1, count - 1) * length;
      const p2 = MESSAGES + Math.min(first + 2, count - 1) * length;
      const p3 = MESSAGES + Math.min(first + 3, count - 1) * length;
      const tail = blocks * BLOCK_BYTES;
      for (let i = 0; i < rest; i++) {
        bytesOf[LAST + i] = bytesOf[p0 + tail + i]!;
        bytesOf[LAST + LAST_STRIDE + i] = bytesOf[p1 + tail + i]!;
        bytesOf[LAST + 2 * LAST_STRIDE + i] = bytesOf[p2 + tail + i]!;
        bytesOf[LAST + 3 * LAST_STRIDE + i] = bytesOf[p3 + tail + i]!;
      }
      hash4(p0, p1, p2, p3, blocks, LAST, lastBlocks, DIGESTS + first * DIGEST_BYTES);
    }
  };

  return (messages, length, count, digests) => {
    if (count === 1) {
      sha256Into(messages.subarray(0, length), digests, 0);
      return;
    }
    const room = DIGESTS - MESSAGES;
    assert(length <= room, 'messages of this length are not short');
    const most = length === 0 ? BATCH_MAX : Math.min(BATCH_MAX, Math.floor(room / length));
    for (let done = 0; done < count; done += most) {
      const part = Math.min(most, count - done);
      bytesOf.set(messages.subarray(done * length, (done + part) * length), MESSAGES);
      batch(length, part);
      const made = bytesOf.subarray(DIGESTS, DIGESTS + part * DIGEST_BYTES);
      digests.set(made, done * DIGEST_BYTES);
    }
  };
}

/** How messages of a length lie in blocks. */
interface Shape {
  readonly length: number;
  /** Whole ones. */
  readonly blocks: number;
  /** Bytes behind them, and the blocks that these and the padding fill. */
  readonly rest: number;
  readonly lastBlocks: number;
}

function shapeOf(length: number): Shape {
  const blocks = Math.floor(length / BLOCK_BYTES);
  const rest = length % BLOCK_BYTES;
  return { length, blocks, rest, lastBlocks: rest + PADDING_BYTES > BLOCK_BYTES ? 2 : 1 };
}

/** The padding behind messages of a length, in the last blocks of each lane. */
function prepare(bytes: Uint8Array, view: DataView, { length, rest, lastBlocks }: Shape): void {
  bytes.fill(0, LAST, MESSAGES);
  for (let lane = 0; lane < LANES; lane++) {
    const last = LAST + lane * LAST_STRIDE;
    bytes[last + rest] = 0x80;
    view.setUint32(last + lastBlocks * BLOCK_BYTES - 4, 8 * length);
  }
}
