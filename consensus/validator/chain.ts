import { merkleRoot } from '../../schemas/crypto/merkle.js';
import { assert, present } from '../../schemas/kernel/assert.js';
import { equalBytes, toHex } from '../../schemas/kernel/bytes.js';
import type { Block, BlockHeader } from '../../schemas/types/block.js';
import type { UnexecutedItems } from '../ports.js';

/** What a block's children need to know of it. Genesis is one, at height and view 0. */
export interface ChainPoint {
  /** Hex of the digest. */
  readonly key: string;
  readonly digest: Uint8Array;
  readonly height: number;
  readonly view: number;
  readonly timestampMs: number;
  readonly executed: BlockHeader['executed'];
}

/** A block whose items match its header; nothing else is said of its validity. */
export interface KnownBlock {
  readonly point: ChainPoint;
  readonly block: Block;
  readonly parentKey: string;
  /** Answer of the rules, once somebody asked; finality overrides it. */
  assessment: Promise<boolean> | null;
  /** Durability of the bytes, once somebody asked. */
  stored: Promise<void> | null;
}

export function chainPoint(header: BlockHeader, digest: Uint8Array): ChainPoint {
  const { height, view, timestampMs, executed } = header;
  return { key: toHex(digest), digest, height, view, timestampMs, executed };
}

/** The block under its digest, or null when its items are not those its header names. */
export function knownBlock(block: Block, digest: Uint8Array): KnownBlock | null {
  const { header, items } = block;
  if (!equalBytes(header.itemsRoot, merkleRoot(items))) return null;
  const point = chainPoint(header, digest);
  return { point, block, parentKey: toHex(header.parent), assessment: null, stored: null };
}

/** A block just built here: its items are those of its header, and the rules were kept. */
export function ownBlock(block: Block, digest: Uint8Array): KnownBlock {
  const point = chainPoint(block.header, digest);
  const parentKey = toHex(block.header.parent);
  return { point, block, parentKey, assessment: Promise.resolve(true), stored: null };
}

/**
 * The tree of blocks above the root, which is the newest certified block. Everything below the root
 * is on disk and in nobody's way.
 */
export interface Chain {
  root(): ChainPoint;
  get(key: string): KnownBlock | null;
  /** The root or a known block. */
  point(key: string): ChainPoint | null;
  add(known: KnownBlock): void;
  /** Resolves when the block is known; never when it does not come before `settled(view)`. */
  whenKnown(key: string, view: number): Promise<KnownBlock>;
  /** Nobody waits any more for blocks that views up to this one needed. */
  settled(view: number): void;
  /** Blocks above `height` on the branch that ends in `key`, lowest first; null: a hole. */
  branch(key: string, height: number): readonly KnownBlock[] | null;
  /** The lowest block under `key` (itself known) whose parent is not; null: it reaches the root. */
  lowestLoose(key: string): KnownBlock | null;
  /** Moves the root up to `point` and forgets what is at its height or below. */
  advance(point: ChainPoint): void;
  /** Forgets blocks at or below `height` that are not in `kept`. */
  dropForks(height: number, kept: (key: string) => boolean): void;
  size(): number;
  /** Known blocks of this view: more than one when its leader equivocates. */
  countOfView(view: number): number;
}

interface Waiting {
  readonly promise: Promise<KnownBlock>;
  tell(known: KnownBlock): void;
  view: number;
}

export function createChain(start: ChainPoint): Chain {
  let root = start;
  const blocks = new Map<string, KnownBlock>();
  const waiting = new Map<string, Waiting>();

  function whenKnown(key: string, view: number): Promise<KnownBlock> {
    const known = blocks.get(key);
    if (known !== undefined) return Promise.resolve(known);
    const open = waiting.get(key);
    if (open !== undefined) {
      open.view = Math.max(open.view, view);
      return open.promise;
    }
    let tell: (known: KnownBlock) => void = () => {};
    const promise = new Promise<KnownBlock>((resolve) => {
      tell = resolve;
    });
    waiting.set(key, { promise, tell, view });
    return promise;
  }

  function branch(key: string, height: number): readonly KnownBlock[] | null {
    const found: KnownBlock[] = [];
    let at = key;
    while (at !== root.key) {
      const known = blocks.get(at);
      if (known === undefined) return null;
      if (known.point.height <= height) break;
      found.push(known);
      at = known.parentKey;
    }
    return found.reverse();
  }

  function lowestLoose(key: string): KnownBlock | null {
    let known = present(blocks.get(key), 'block whose ancestors are asked for');
    while (known.parentKey !== root.key) {
      const parent = blocks.get(known.parentKey);
      if (parent === undefined) return known;
      known = parent;
    }
    return null;
  }

  return {
    root: () => root,
    get: (key) => blocks.get(key) ?? null,
    point: (key) => (key === root.key ? root : (blocks.get(key)?.point ?? null)),
    add(known) {
      const { key } = known.point;
      blocks.set(key, known);
      waiting.get(key)?.tell(known);
      waiting.delete(key);
    },
    whenKnown,
    branch,
    lowestLoose,
    settled(view) {
      for (const [key, open] of waiting) if (open.view <= view) waiting.delete(key);
    },
    advance(point) {
      assert(point.height > root.height, 'the root moves up only');
      root = point;
      for (const [key, known] of blocks) {
        if (known.point.height <= point.height) blocks.delete(key);
      }
    },
    dropForks(height, kept) {
      for (const [key, known] of blocks) {
        if (known.point.height <= height && !kept(key)) blocks.delete(key);
      }
    },
    size: () => blocks.size,
    countOfView(view) {
      let count = 0;
      for (const known of blocks.values()) if (known.point.view === view) count++;
      return count;
    },
  };
}

/** Items of the blocks above `executedHeight` on the branch that ends in `key`. */
export function unexecutedItems(
  chain: Chain,
  key: string,
  executedHeight: number,
): UnexecutedItems {
  const blocks = present(chain.branch(key, executedHeight), 'branch to the root');
  return blocks.map(({ block }) => block.items);
}
