import { stateValueHash } from '../../../schemas/crypto/digests.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import { EMPTY_SUBTREE, stateKeyBit } from '../../../schemas/crypto/stateProof.js';
import { assert, present } from '../../../schemas/kernel/assert.js';
import { equalBytes } from '../../../schemas/kernel/bytes.js';
import { MAX_STATE_DEPTH } from '../../../schemas/limits.js';
import type { StateProof } from '../../../schemas/types/state.js';
import { type PackedDigest, packDigest, unpackDigest, writeDigest } from './packedDigest.js';

/**
 * The committed state as a persistent binary trie by the rules of `schemas/crypto/stateProof.ts`.
 * Nodes never change, so the root of an old height stays readable for as long as it is held, and
 * costs only what has changed since.
 */
export type Tree = Leaf | Branch | null;

interface Leaf {
  readonly kind: 'leaf';
  readonly keyHash: Uint8Array;
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
  readonly hash: PackedDigest;
}

interface Branch {
  readonly kind: 'branch';
  readonly left: Tree;
  readonly right: Tree;
  readonly hash: PackedDigest;
}

/** One leaf's new bytes; null removes it. Key hashes of one update are distinct. */
export interface LeafChange {
  readonly keyHash: Uint8Array;
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array | null;
}

const HASH_BYTES = 32;
// A call of the hash with a kept buffer costs a third less than one that joins its parts first.
const leafInput = new Uint8Array(1 + 2 * HASH_BYTES);
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
leafInput[0] = 0;
nodeInput[0] = 1;

export function treeRoot(tree: Tree): Uint8Array {
  return tree === null ? EMPTY_SUBTREE : unpackDigest(tree.hash);
}

function newLeaf(change: LeafChange, bytes: Uint8Array): Leaf {
  const { keyHash, keyBytes } = change;
  leafInput.set(keyHash, 1);
  leafInput.set(stateValueHash(bytes), 1 + HASH_BYTES);
  return {
    kind: 'leaf',
    keyHash,
    keyBytes,
    valueBytes: bytes,
    hash: packDigest(sha256(leafInput)),
  };
}

/** A subtree of one leaf is that leaf; an empty one is null. */
function join(left: Tree, right: Tree): Tree {
  if (left === null && (right === null || right.kind === 'leaf')) return right;
  if (right === null && left !== null && left.kind === 'leaf') return left;
  writeRoot(left, 1);
  writeRoot(right, 1 + HASH_BYTES);
  return { kind: 'branch', left, right, hash: packDigest(sha256(nodeInput)) };
}

function writeRoot(tree: Tree, offset: number): void {
  if (tree === null) nodeInput.set(EMPTY_SUBTREE, offset);
  else writeDigest(tree.hash, nodeInput, offset);
}

/**
 * The tree after all changes; each touched node is hashed once. Costs about log2 of the leaves over
 * the changes, plus two, hashes a change. `changes` is reordered.
 */
export function updateTree(tree: Tree, changes: LeafChange[]): Tree {
  return updateRange(tree, changes, 0, changes.length, 0);
}

function updateRange(
  tree: Tree,
  changes: LeafChange[],
  from: number,
  to: number,
  depth: number,
): Tree {
  if (from === to) return tree;
  assert(depth <= MAX_STATE_DEPTH, 'two leaves of one key');
  if (to - from === 1 && (tree === null || tree.kind === 'leaf')) {
    const change = present(changes[from], 'change');
    if (tree === null || equalBytes(tree.keyHash, change.keyHash)) return changed(change);
    if (change.valueBytes === null) return tree;
  }
  const middle = partition(changes, from, to, depth);
  const isBranch = tree !== null && tree.kind === 'branch';
  const goesRight = tree !== null && !isBranch && stateKeyBit(tree.keyHash, depth) === 1;
  const left = isBranch ? tree.left : goesRight ? null : tree;
  const right = isBranch ? tree.right : goesRight ? tree : null;
  return join(
    updateRange(left, changes, from, middle, depth + 1),
    updateRange(right, changes, middle, to, depth + 1),
  );
}

function changed(change: LeafChange): Tree {
  return change.valueBytes === null ? null : newLeaf(change, change.valueBytes);
}

/** Moves the changes with a 0 at this depth to the front; answers where the 1s begin. */
function partition(changes: LeafChange[], from: number, to: number, depth: number): number {
  let middle = from;
  for (let i = from; i < to; i++) {
    const change = present(changes[i], 'change');
    if (stateKeyBit(change.keyHash, depth) === 1) continue;
    changes[i] = present(changes[middle], 'change');
    changes[middle] = change;
    middle++;
  }
  return middle;
}

export interface ProvenLeaf {
  /** Framed StateValue, or null: the tree holds nothing under this key. */
  readonly valueBytes: Uint8Array | null;
  readonly proof: StateProof;
}

/** The leaf under a key hash, or its absence, with the siblings that prove it. */
export function proveLeaf(tree: Tree, keyHash: Uint8Array): ProvenLeaf {
  const siblings: Uint8Array[] = [];
  let node = tree;
  while (node !== null && node.kind === 'branch') {
    const goesRight = stateKeyBit(keyHash, siblings.length) === 1;
    siblings.push(treeRoot(goesRight ? node.left : node.right));
    node = goesRight ? node.right : node.left;
  }
  const absent = { siblings, otherKeyHash: null, otherValueHash: null };
  if (node === null) return { valueBytes: null, proof: absent };
  if (equalBytes(node.keyHash, keyHash)) return { valueBytes: node.valueBytes, proof: absent };
  const otherValueHash = stateValueHash(node.valueBytes);
  return { valueBytes: null, proof: { siblings, otherKeyHash: node.keyHash, otherValueHash } };
}

/** Every leaf, ascending by key hash. */
export function* leavesOf(tree: Tree): Generator<readonly [Uint8Array, Uint8Array]> {
  // A stack of what is still to come: delegating to generators would cost one a level for a leaf.
  const ahead: Tree[] = [tree];
  while (ahead.length > 0) {
    const next = ahead.pop() ?? null;
    if (next === null) continue;
    if (next.kind === 'leaf') yield [next.keyBytes, next.valueBytes];
    else ahead.push(next.right, next.left);
  }
}
