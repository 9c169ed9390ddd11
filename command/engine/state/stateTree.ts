import { stateValueHash } from '../../../schemas/crypto/digests.js';
import { sha256Each } from '../../../schemas/crypto/sha256.js';
import { EMPTY_SUBTREE, stateKeyBit } from '../../../schemas/crypto/stateProof.js';
import { assert, present } from '../../../schemas/kernel/assert.js';
import { equalBytes } from '../../../schemas/kernel/bytes.js';
import { MAX_STATE_DEPTH } from '../../../schemas/limits.js';
import type { StateProof } from '../../../schemas/types/state.js';
import {
  NO_DIGEST,
  type PackedDigest,
  packDigest,
  unpackDigest,
  writeDigest,
} from './packedDigest.js';

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
  /** Set once, before the update that made the node ends. */
  hash: PackedDigest;
}

interface Branch {
  readonly kind: 'branch';
  readonly left: Tree;
  readonly right: Tree;
  hash: PackedDigest;
}

/** One leaf's new bytes; null removes it. Key hashes of one update are distinct. */
export interface LeafChange {
  readonly keyHash: Uint8Array;
  readonly keyBytes: Uint8Array;
  readonly valueBytes: Uint8Array | null;
}

const HASH_BYTES = 32;
/** Of a leaf, and of a node: a byte and two hashes. */
const INPUT_BYTES = 1 + 2 * HASH_BYTES;

export function treeRoot(tree: Tree): Uint8Array {
  return tree === null ? EMPTY_SUBTREE : unpackDigest(tree.hash);
}

/** The nodes that an update makes: hashed at its end, all of one depth together. */
interface NewNodes {
  readonly leaves: Leaf[];
  /** By depth. The children of a branch are deeper, or were there before, or are leaves. */
  readonly branches: Branch[][];
}

/**
 * The tree after all changes; each touched node is hashed once. Costs about log2 of the leaves over
 * the changes, plus two, hashes a change. `changes` is reordered.
 */
export function updateTree(tree: Tree, changes: LeafChange[]): Tree {
  const made: NewNodes = { leaves: [], branches: [] };
  const updated = updateRange(tree, { changes, made }, 0, changes.length, 0);
  hashAll(made.leaves, writeLeaf);
  for (let depth = made.branches.length - 1; depth >= 0; depth--) {
    hashAll(made.branches[depth] ?? [], writeBranch);
  }
  return updated;
}

interface Update {
  readonly changes: LeafChange[];
  readonly made: NewNodes;
}

function updateRange(tree: Tree, update: Update, from: number, to: number, depth: number): Tree {
  if (from === to) return tree;
  assert(depth <= MAX_STATE_DEPTH, 'two leaves of one key');
  const { changes, made } = update;
  if (to - from === 1 && (tree === null || tree.kind === 'leaf')) {
    const change = present(changes[from], 'change');
    if (tree === null || equalBytes(tree.keyHash, change.keyHash)) return changed(change, made);
    if (change.valueBytes === null) return tree;
  }
  const middle = partition(changes, from, to, depth);
  const isBranch = tree !== null && tree.kind === 'branch';
  const goesRight = tree !== null && !isBranch && stateKeyBit(tree.keyHash, depth) === 1;
  const left = isBranch ? tree.left : goesRight ? null : tree;
  const right = isBranch ? tree.right : goesRight ? tree : null;
  return join(
    updateRange(left, update, from, middle, depth + 1),
    updateRange(right, update, middle, to, depth + 1),
    made,
    depth,
  );
}

function changed({ keyHash, keyBytes, valueBytes }: LeafChange, made: NewNodes): Tree {
  if (valueBytes === null) return null;
  const leaf: Leaf = { kind: 'leaf', keyHash, keyBytes, valueBytes, hash: NO_DIGEST };
  made.leaves.push(leaf);
  return leaf;
}

/** A subtree of one leaf is that leaf; an empty one is null. */
function join(left: Tree, right: Tree, made: NewNodes, depth: number): Tree {
  if (left === null && (right === null || right.kind === 'leaf')) return right;
  if (right === null && left !== null && left.kind === 'leaf') return left;
  const branch: Branch = { kind: 'branch', left, right, hash: NO_DIGEST };
  while (made.branches.length <= depth) made.branches.push([]);
  present(made.branches[depth], 'depth').push(branch);
  return branch;
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

/** Nodes that are hashed in one call. */
const BATCH_NODES = 256;
const inputs = new Uint8Array(BATCH_NODES * INPUT_BYTES);
const digests = new Uint8Array(BATCH_NODES * HASH_BYTES);

function hashAll<Node extends Leaf | Branch>(
  nodes: readonly Node[],
  writeInput: (node: Node, at: number) => void,
): void {
  for (let first = 0; first < nodes.length; first += BATCH_NODES) {
    const count = Math.min(BATCH_NODES, nodes.length - first);
    for (let i = 0; i < count; i++) {
      writeInput(present(nodes[first + i], 'node'), i * INPUT_BYTES);
    }
    sha256Each(inputs, INPUT_BYTES, count, digests);
    for (let i = 0; i < count; i++) {
      present(nodes[first + i], 'node').hash = packDigest(digests, i * HASH_BYTES);
    }
  }
}

function writeLeaf({ keyHash, valueBytes }: Leaf, at: number): void {
  inputs[at] = 0;
  inputs.set(keyHash, at + 1);
  inputs.set(stateValueHash(valueBytes), at + 1 + HASH_BYTES);
}

function writeBranch({ left, right }: Branch, at: number): void {
  inputs[at] = 1;
  writeRoot(left, at + 1);
  writeRoot(right, at + 1 + HASH_BYTES);
}

function writeRoot(tree: Tree, at: number): void {
  if (tree === null) inputs.set(EMPTY_SUBTREE, at);
  else writeDigest(tree.hash, inputs, at);
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
