import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateValueHash } from '../../../schemas/crypto/digests.js';
import { sha256 } from '../../../schemas/crypto/sha256.js';
import {
  EMPTY_SUBTREE,
  stateKeyBit,
  stateLeafHash,
  stateNodeHash,
  verifyStateProof,
} from '../../../schemas/crypto/stateProof.js';
import { uint32 } from '../../../schemas/kernel/bytes.js';
import {
  type LeafChange,
  leavesOf,
  proveLeaf,
  type Tree,
  treeRoot,
  updateTree,
} from './stateTree.js';

const change = (key: number, value: number | null): LeafChange => ({
  keyHash: sha256(uint32(key)),
  keyBytes: uint32(key),
  valueBytes: value === null ? null : uint32(value),
});

/** The rules of schemas/crypto/stateProof.ts, as plainly as they can be written. */
function plainRoot(leaves: readonly LeafChange[], depth = 0): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return EMPTY_SUBTREE;
  if (leaves.length === 1) {
    return stateLeafHash(only.keyHash, stateValueHash(only.valueBytes ?? new Uint8Array(0)));
  }
  const side = (bit: number) => leaves.filter((leaf) => stateKeyBit(leaf.keyHash, depth) === bit);
  return stateNodeHash(plainRoot(side(0), depth + 1), plainRoot(side(1), depth + 1));
}

function grow(updates: readonly (readonly (readonly [number, number | null])[])[]) {
  const model = new Map<number, number>();
  let tree: Tree = null;
  for (const update of updates) {
    const net = new Map(update);
    for (const [key, value] of net) value === null ? model.delete(key) : model.set(key, value);
    tree = updateTree(
      tree,
      [...net].map(([key, value]) => change(key, value)),
    );
  }
  return { tree, leaves: [...model].map(([key, value]) => change(key, value)) };
}

const updates = fc.array(
  fc.array(fc.tuple(fc.nat(40), fc.option(fc.nat(1_000))), { maxLength: 30 }),
  { maxLength: 8 },
);

describe('the state tree', () => {
  it('has the root that the rules give, however it grew', () => {
    fc.assert(
      fc.property(updates, (history) => {
        const { tree, leaves } = grow(history);
        expect(treeRoot(tree)).toEqual(plainRoot(leaves));
        const atOnce = updateTree(null, [...leaves]);
        expect(treeRoot(atOnce)).toEqual(treeRoot(tree));
        expect([...leavesOf(tree)]).toHaveLength(leaves.length);
      }),
    );
  });

  it('proves presence and absence of every key, and no other value', () => {
    fc.assert(
      fc.property(updates, fc.nat(45), (history, key) => {
        const { tree } = grow(history);
        const { keyHash } = change(key, null);
        const { valueBytes, proof } = proveLeaf(tree, keyHash);
        const stateRoot = treeRoot(tree);
        const valueHash = valueBytes === null ? null : stateValueHash(valueBytes);
        const ask = { stateRoot, keyHash, proof };
        expect(verifyStateProof({ ...ask, valueHash })).toBe(true);
        const lie = valueHash === null ? stateValueHash(uint32(1)) : null;
        expect(verifyStateProof({ ...ask, valueHash: lie })).toBe(false);
        expect(verifyStateProof({ ...ask, valueHash: sha256(keyHash) })).toBe(false);
      }),
    );
  });

  it('leaves old trees as they were', () => {
    const first = updateTree(null, [change(1, 1), change(2, 2)]);
    const root = Uint8Array.from(treeRoot(first));
    updateTree(first, [change(1, 9), change(3, 3)]);
    expect(treeRoot(first)).toEqual(root);
    expect(proveLeaf(first, change(3, null).keyHash).valueBytes).toBeNull();
  });
});
