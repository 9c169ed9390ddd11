import { describe, expect, it } from 'vitest';
import { installMerkleRoot, merkleLevels } from '../../schemas/crypto/merkle.js';
import { sha256 } from '../../schemas/crypto/sha256.js';
import { present } from '../../schemas/kernel/assert.js';
import { toHex, uint32 } from '../../schemas/kernel/bytes.js';
import { merkleLanes } from './merkleLanes.js';

const root = present(merkleLanes(), 'vectors of WebAssembly on this machine');

/** Node by node, as paths are made. */
function expected(hashes: Uint8Array, count: number): string {
  if (count === 0) return toHex(sha256(new Uint8Array(0)));
  const leaves = Array.from({ length: count }, (_, i) => hashes.subarray(32 * i, 32 * i + 32));
  return toHex(present(merkleLevels(leaves).at(-1)?.[0], 'root'));
}

function hashesOf(count: number): Uint8Array {
  const hashes = new Uint8Array(32 * count);
  for (let i = 0; i < count; i++) hashes.set(sha256(uint32(i)), 32 * i);
  return hashes;
}

describe('Merkle roots in lanes', () => {
  it('are those of RFC 6962 for every number of leaves, also of large trees', () => {
    const hashes = hashesOf(5_001);
    const counts = Array.from({ length: 140 }, (_, count) => count);
    for (const count of [...counts, 1_023, 2_047, 2_048, 2_049, 2_111, 4_096, 5_001]) {
      expect(toHex(root(hashes, count)), `${count} leaves`).toBe(expected(hashes, count));
    }
  });

  it('leave the hashes as they were, and nothing of one tree to the next', () => {
    const hashes = hashesOf(300);
    const before = hashes.slice();
    for (const count of [300, 7, 2, 299, 1]) {
      expect(toHex(root(hashes, count))).toBe(expected(hashes, count));
    }
    expect(hashes).toEqual(before);
  });

  it('are not installed where they are something else', () => {
    expect(() => installMerkleRoot((hashes, count) => root(hashes, Math.min(count, 20)))).toThrow(
      'not the root',
    );
  });
});
