import {
  type Sha256Each,
  type Sha256Lanes,
  type Sha256Prefixed,
  sha256Into,
} from '../../schemas/crypto/sha256.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { joinBriefly } from '../../schemas/kernel/joinBriefly.js';
import { type Sha256LanesMachine, sha256LanesMachine } from './sha256LanesMachine.js';
import { CONSTANTS_BYTES, LANES, MEMORY_BYTES } from './sha256LanesModule.js';

const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;
/** A block's last bytes: 0x80 behind the message, and its length in bits. */
const PADDING_BYTES = 9;
const LENGTH_BYTES = 4;
/** Room of a lane's last blocks: what is left of a message, and its padding. */
const LAST_STRIDE = 128;
const LAST = CONSTANTS_BYTES;
/** Behind a prefix, longer messages than fill so many blocks are hashed one by one. */
const SLOT_BLOCKS_MAX = 8;
const SLOTS = LAST + LANES * LAST_STRIDE;
const SLOTS_BLOCKS = (SLOT_BLOCKS_MAX * (SLOT_BLOCKS_MAX + 1)) / 2;
const MESSAGES = SLOTS + LANES * SLOTS_BLOCKS * BLOCK_BYTES;
/** Digests stand at the end of memory; the lanes of an incomplete four write behind the last. */
const BATCH_MAX = 1_024;
const DIGESTS = MEMORY_BYTES - (BATCH_MAX + LANES) * DIGEST_BYTES;

/**
 * SHA-256 of many short messages at once, four in a vector: 0.4 of the price of one by one at 65
 * bytes. Null where the processor or the engine has no such vectors.
 */
export function sha256Lanes(): Sha256Lanes | null {
  const machine = sha256LanesMachine();
  return machine && { each: eachIn(machine), prefixed: prefixedIn(machine) };
}

function eachIn({ bytes, view, hash4 }: Sha256LanesMachine): Sha256Each {
  let prepared: Shape = shapeOf(0);
  prepare(bytes, view, prepared);

  const batch = (length: number, count: number): void => {
    if (length !== prepared.length) {
      prepared = shapeOf(length);
      prepare(bytes, view, prepared);
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
        bytes[LAST + i] = bytes[p0 + tail + i]!;
        bytes[LAST + LAST_STRIDE + i] = bytes[p1 + tail + i]!;
        bytes[LAST + 2 * LAST_STRIDE + i] = bytes[p2 + tail + i]!;
        bytes[LAST + 3 * LAST_STRIDE + i] = bytes[p3 + tail + i]!;
      }
      const digests = DIGESTS + first * DIGEST_BYTES;
      hash4(p0, p1, p2, p3, blocks, LAST, LAST_STRIDE, lastBlocks, digests);
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
      bytes.set(messages.subarray(done * length, (done + part) * length), MESSAGES);
      batch(length, part);
      const made = bytes.subarray(DIGESTS, DIGESTS + part * DIGEST_BYTES);
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
  bytes.fill(0, LAST, SLOTS);
  for (let lane = 0; lane < LANES; lane++) {
    const last = LAST + lane * LAST_STRIDE;
    bytes[last + rest] = 0x80;
    view.setUint32(last + lastBlocks * BLOCK_BYTES - LENGTH_BYTES, 8 * length);
  }
}

/** Where messages of one number of blocks wait until there are four. */
interface Slots {
  readonly blocks: number;
  /** Of the first lane; the others follow. */
  readonly address: number;
  readonly stride: number;
  /** Up to where each lane may hold something else than zeros, but for its length. */
  readonly ends: number[];
  /** Which messages wait. */
  readonly indexes: number[];
  waiting: number;
  /** Length of the prefix that stands in each lane, 0: that of another call. */
  prefixBytes: number;
}

function slotsOf(blocks: number): Slots {
  const before = LANES * ((blocks * (blocks - 1)) / 2) * BLOCK_BYTES;
  return {
    blocks,
    address: SLOTS + before,
    stride: blocks * BLOCK_BYTES,
    ends: new Array<number>(LANES).fill(0),
    indexes: new Array<number>(LANES).fill(0),
    waiting: 0,
    prefixBytes: 0,
  };
}

function prefixedIn({ bytes, view, hash4 }: Sha256LanesMachine): Sha256Prefixed {
  const bySize = Array.from({ length: SLOT_BLOCKS_MAX }, (_, i) => slotsOf(i + 1));

  const put = (slots: Slots, prefix: Uint8Array, message: Uint8Array, index: number): void => {
    const { address, stride, ends } = slots;
    if (slots.prefixBytes === 0) {
      for (let lane = 0; lane < LANES; lane++) {
        bytes.set(prefix, address + lane * stride);
        ends[lane] = Math.max(present(ends[lane], 'lane'), prefix.length);
      }
      slots.prefixBytes = prefix.length;
    }
    const lane = slots.waiting++;
    slots.indexes[lane] = index;
    const place = address + lane * stride;
    bytes.set(message, place + prefix.length);
    const end = prefix.length + message.length;
    const before = present(ends[lane], 'lane');
    bytes[place + end] = 0x80;
    if (before > end) bytes.fill(0, place + end + 1, place + before + 1);
    view.setUint32(place + stride - LENGTH_BYTES, 8 * end);
    ends[lane] = end;
  };

  const flush = (slots: Slots, digests: Uint8Array): void => {
    const { address, blocks, stride, indexes, waiting } = slots;
    // Lanes nobody waits in hash what is left there.
    hash4(0, 0, 0, 0, 0, address, stride, blocks, DIGESTS);
    for (let lane = 0; lane < waiting; lane++) {
      const [from, to] = [
        DIGESTS + lane * DIGEST_BYTES,
        present(indexes[lane], 'lane') * DIGEST_BYTES,
      ];
      for (let i = 0; i < DIGEST_BYTES; i++) digests[to + i] = bytes[from + i]!;
    }
    slots.waiting = 0;
  };

  return (prefix, messages, digests) => {
    for (const slots of bySize) slots.prefixBytes = 0;
    for (let index = 0; index < messages.length; index++) {
      const message = present(messages[index], 'message');
      const length = prefix.length + message.length;
      const slots = bySize[Math.ceil((length + PADDING_BYTES) / BLOCK_BYTES) - 1];
      if (slots === undefined || messages.length === 1) {
        sha256Into(joinBriefly(prefix, [message]), digests, index * DIGEST_BYTES);
        continue;
      }
      put(slots, prefix, message, index);
      if (slots.waiting === LANES) flush(slots, digests);
    }
    for (const slots of bySize) if (slots.waiting > 0) flush(slots, digests);
  };
}
