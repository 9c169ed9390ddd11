import type { MerkleRoot } from '../../schemas/crypto/merkle.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { concatBytes } from '../../schemas/kernel/bytes.js';
import { type Sha256LanesMachine, sha256LanesMachine } from './sha256LanesMachine.js';
import { CONSTANTS_BYTES, LANES } from './sha256LanesModule.js';

const HASH_BYTES = 32;
const BLOCK_BYTES = 64;
/** Prefixes of RFC 6962, section 2.1. */
const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;
/** The blocks with the padding of a leaf, 33 bytes, and of a node, 65, for each lane. */
const LEAVES_LAST = CONSTANTS_BYTES;
const NODES_LAST = LEAVES_LAST + LANES * BLOCK_BYTES;
/** Larger trees are put together from trees of so many leaves. */
const LEAVES_MAX = 2_048;
/** Two levels, each with room before it for a prefix and behind it for an incomplete four. */
const FIRST_LEVEL = NODES_LAST + (LANES + 1) * BLOCK_BYTES;
const SECOND_LEVEL = FIRST_LEVEL + (LEAVES_MAX + LANES + 2) * HASH_BYTES;

/**
 * Merkle roots of hashes in four lanes, level over level where they stand: moving hashes about in
 * JavaScript costs more than hashing them. Null where there are no such vectors.
 */
export function merkleLanes(): MerkleRoot | null {
  const machine = sha256LanesMachine();
  if (machine === null) return null;
  prepare(machine, LEAVES_LAST, 1 + HASH_BYTES);
  prepare(machine, NODES_LAST, 1 + 2 * HASH_BYTES);
  const rootOf: MerkleRoot = (hashes, count) => {
    if (count === 0) return sha256(new Uint8Array(0));
    if (count <= LEAVES_MAX) return rootInLanes(machine, hashes, count);
    // RFC 6962: the left tree has as many leaves as the largest power of two below all.
    const left = 2 ** Math.floor(Math.log2(count - 1));
    const right = hashes.subarray(left * HASH_BYTES, count * HASH_BYTES);
    const roots = [rootOf(hashes, left), rootOf(right, count - left)];
    return sha256(concatBytes(Uint8Array.of(NODE_PREFIX), ...roots));
  };
  return rootOf;
}

/** What stands behind the last bytes of messages of a length. */
function prepare({ bytes, view }: Sha256LanesMachine, last: number, length: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    const block = last + lane * BLOCK_BYTES;
    bytes[block + (length % BLOCK_BYTES)] = 0x80;
    view.setUint32(block + BLOCK_BYTES - 4, 8 * length);
  }
}

function rootInLanes(machine: Sha256LanesMachine, hashes: Uint8Array, count: number): Uint8Array {
  const { bytes } = machine;
  bytes.set(hashes.subarray(0, count * HASH_BYTES), SECOND_LEVEL);
  hashLeaves(machine, SECOND_LEVEL, FIRST_LEVEL, count);
  let [from, to] = [FIRST_LEVEL, SECOND_LEVEL];
  for (let width = count; width > 1; width = (width + 1) >> 1) {
    hashPairs(machine, from, to, width);
    [from, to] = [to, from];
  }
  return bytes.slice(from, from + HASH_BYTES);
}

function hashLeaves(
  { bytes, hash4 }: Sha256LanesMachine,
  from: number,
  to: number,
  count: number,
): void {
  for (let first = 0; first < count; first += LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const block = LEAVES_LAST + lane * BLOCK_BYTES;
      const hash = from + Math.min(first + lane, count - 1) * HASH_BYTES;
      bytes[block] = LEAF_PREFIX;
      for (let i = 0; i < HASH_BYTES; i++) bytes[block + 1 + i] = bytes[hash + i]!;
    }
    hash4(0, 0, 0, 0, 0, LEAVES_LAST, BLOCK_BYTES, 1, to + first * HASH_BYTES);
  }
}

/**
 * A node's message begins one byte before its two hashes, on the last byte of the pair before: that
 * one was moved to its own last block by then, and the prefix takes its place.
 */
function hashPairs(
  { bytes, hash4 }: Sha256LanesMachine,
  from: number,
  to: number,
  width: number,
): void {
  const pairs = width >> 1;
  for (let first = 0; first < pairs; first += LANES) {
    const p0 = from + first * BLOCK_BYTES - 1;
    const p1 = from + Math.min(first + 1, pairs - 1) * BLOCK_BYTES - 1;
    const p2 = from + Math.min(first + 2, pairs - 1) * BLOCK_BYTES - 1;
    const p3 = from + Math.min(first + 3, pairs - 1) * BLOCK_BYTES - 1;
    bytes[NODES_LAST] = bytes[p0 + BLOCK_BYTES]!;
    bytes[NODES_LAST + BLOCK_BYTES] = bytes[p1 + BLOCK_BYTES]!;
    bytes[NODES_LAST + 2 * BLOCK_BYTES] = bytes[p2 + BLOCK_BYTES]!;
    bytes[NODES_LAST + 3 * BLOCK_BYTES] = bytes[p3 + BLOCK_BYTES]!;
    bytes[p0] = NODE_PREFIX;
    bytes[p1] = NODE_PREFIX;
    bytes[p2] = NODE_PREFIX;
    bytes[p3] = NODE_PREFIX;
    hash4(p0, p1, p2, p3, 1, NODES_LAST, BLOCK_BYTES, 1, to + first * HASH_BYTES);
  }
  if (width % 2 === 0) return;
  const odd = from + (width - 1) * HASH_BYTES;
  bytes.copyWithin(to + pairs * HASH_BYTES, odd, odd + HASH_BYTES);
}
