import { assert } from '../kernel/assert.js';
import { equalBytes } from '../kernel/bytes.js';
import { sha256, sha256Each, sha256Prefixed } from './sha256.js';

/** Of `count` hashes that stand one behind the other at the start of an array. */
export type MerkleRoot = (hashes: Uint8Array, count: number) => Uint8Array;

let implementation: MerkleRoot = rootByLevels;

/**
 * Replaces the portable implementation for hashes by a faster one (`infra/crypto/merkleLanes.ts`),
 * checked against it.
 */
export function installMerkleRoot(faster: MerkleRoot): void {
  const hashes = new Uint8Array(21 * HASH_BYTES).map((_, i) => i * 7);
  for (let count = 0; count <= 21; count++) {
    const same = equalBytes(faster(hashes, count), rootByLevels(hashes, count));
    assert(same, 'installMerkleRoot: not the root of RFC 6962');
  }
  implementation = faster;
}

/**
 * The Merkle tree hash of RFC 6962 section 2.1 over SHA-256, for every list of the platform.
 * The empty list hashes to SHA-256 of nothing.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const room = roomFor(leaves.length);
  const { level } = room;
  if (leaves.every(({ length }) => length === HASH_BYTES)) {
    for (let i = 0; i < leaves.length; i++) level.set(leaves[i]!, i * HASH_BYTES);
    return implementation(level, leaves.length);
  }
  level.set(sha256Prefixed(LEAF_PREFIX, leaves));
  return rootOfLevel(room, leaves.length);
}

/** The same over hashes that stand one behind the other at the start of an array. Pure. */
export function merkleRootOfHashes(hashes: Uint8Array, count: number): Uint8Array {
  return implementation(hashes, count);
}

function rootByLevels(hashes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return sha256(new Uint8Array(0));
  const room = roomFor(count);
  hashLeaves(hashes, count, room);
  return rootOfLevel(room, count);
}

/** From the leaves' digests up. */
function rootOfLevel(room: Room, leaves: number): Uint8Array {
  for (let width = leaves; width > 1; width = hashPairs(room, width));
  return room.level.slice(0, HASH_BYTES);
}

/**
 * Where a tree is computed, level over level in the same place: arrays of 32 bytes, one a node,
 * cost more than the hashes. Kept from one tree to the next unless one is very large.
 */
interface Room {
  /** Digests of the level at hand, one behind the other. */
  readonly level: Uint8Array;
  /** What is hashed to make the next. */
  readonly inputs: Uint8Array;
}

const HASH_BYTES = 32;
const LEAF_PREFIX = Uint8Array.of(0);
const LEAF_INPUT_BYTES = 1 + HASH_BYTES;
const NODE_INPUT_BYTES = 1 + 2 * HASH_BYTES;
const KEPT_LEAVES_MAX = 16_384;
let keptRoom = newRoom(64);

function newRoom(leaves: number): Room {
  return {
    level: new Uint8Array(leaves * HASH_BYTES),
    inputs: new Uint8Array(leaves * LEAF_INPUT_BYTES + NODE_INPUT_BYTES),
  };
}

function roomFor(leaves: number): Room {
  if (leaves * HASH_BYTES <= keptRoom.level.length) return keptRoom;
  const room = newRoom(2 ** Math.ceil(Math.log2(leaves)));
  if (leaves <= KEPT_LEAVES_MAX) keptRoom = room;
  return room;
}

/** Leaves that are hashes themselves, as in every long list, are hashed together. */
function hashLeaves(hashes: Uint8Array, count: number, { level, inputs }: Room): void {
  for (let i = 0; i < count; i++) {
    const [from, to] = [i * HASH_BYTES, i * LEAF_INPUT_BYTES];
    inputs[to] = 0;
    for (let byte = 0; byte < HASH_BYTES; byte++) inputs[to + 1 + byte] = hashes[from + byte]!;
  }
  sha256Each(inputs, LEAF_INPUT_BYTES, count, level);
}

/** The level above, and how wide it is: an odd last node moves up, which is RFC 6962's split. */
function hashPairs({ level, inputs }: Room, width: number): number {
  const pairs = width >> 1;
  for (let pair = 0; pair < pairs; pair++) {
    const [from, to] = [pair * 2 * HASH_BYTES, pair * NODE_INPUT_BYTES];
    inputs[to] = 1;
    for (let i = 0; i < 2 * HASH_BYTES; i++) inputs[to + 1 + i] = level[from + i]!;
  }
  sha256Each(inputs, NODE_INPUT_BYTES, pairs, level);
  if (width % 2 === 0) return pairs;
  level.copyWithin(pairs * HASH_BYTES, (width - 1) * HASH_BYTES, width * HASH_BYTES);
  return pairs + 1;
}

// Kept inputs and their views by length: see taggedHash.
const KEPT_BYTES = 1_024;
const keptLeaf = new Uint8Array(KEPT_BYTES);
const keptLeafOfLength: Uint8Array[] = [];
const node = new Uint8Array(1 + 32 + 32);
node[0] = 1;

function leafHash(leaf: Uint8Array): Uint8Array {
  const length = leaf.length + 1;
  const input =
    length > KEPT_BYTES
      ? new Uint8Array(length)
      : (keptLeafOfLength[length] ??= keptLeaf.subarray(0, length));
  input.set(leaf, 1);
  return sha256(input);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

function parents(level: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
  if (level.length % 2 === 1) above.push(level[level.length - 1]!);
  return above;
}

/** All hashes of a tree, leaves first: many paths from one computation. */
export type MerkleLevels = readonly (readonly Uint8Array[])[];

export function merkleLevels(leaves: readonly Uint8Array[]): MerkleLevels {
  const levels: (readonly Uint8Array[])[] = [leaves.map(leafHash)];
  for (let level = levels[0]!; level.length > 1; ) levels.push((level = parents(level)));
  return levels;
}

/** The audit path of RFC 6962 section 2.1.1, siblings from the leaf up. */
export function merklePathIn(levels: MerkleLevels, index: number): Uint8Array[] {
  assert(index >= 0 && index < (levels[0]?.length ?? 0), `no leaf ${index}`);
  const path: Uint8Array[] = [];
  let position = index;
  for (const level of levels) {
    const sibling = level[position ^ 1];
    if (sibling !== undefined) path.push(sibling);
    position >>= 1;
  }
  return path;
}

/** The path of one leaf. */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  return merklePathIn(merkleLevels(leaves), index);
}

/** Whether `leaf` stands at `index` of a list of `count` leaves with this root. Total. */
export function verifyMerklePath(options: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly count: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean {
  const { leaf, index, count, path, root } = options;
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) return false;
  let hash = leafHash(leaf);
  let position = index;
  let width = count;
  let used = 0;
  while (width > 1) {
    const hasSibling = position % 2 === 1 || position + 1 < width;
    if (hasSibling) {
      const sibling = path[used++];
      if (sibling === undefined || sibling.length !== 32) return false;
      hash = position % 2 === 1 ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    }
    position = Math.floor(position / 2);
    width = Math.ceil(width / 2);
  }
  return used === path.length && equalBytes(hash, root);
}
