import type { BlockStore } from '../../../consensus/ports.js';
import { decodeTrusted, encode } from '../../../schemas/codec/codec.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { CertifiedBlock } from '../../../schemas/types/block.js';
import { type DiskWrite, writeAtOnce } from './simulatedDisk.js';

/** What is left of a block store when its process is gone: bytes. */
export interface BlockDisk {
  /** Hex of the digest to framed Block and height. */
  readonly pending: Map<string, { readonly height: number; readonly bytes: Uint8Array }>;
  /** Framed CertifiedBlock; index 0 is height 1. */
  readonly certified: Uint8Array[];
}

export function emptyBlockDisk(): BlockDisk {
  return { pending: new Map(), certified: [] };
}

/** A block store on a simulated disk. */
export function openMemoryBlockStore(
  disk: BlockDisk,
  write: DiskWrite = writeAtOnce,
  onCertified: (block: CertifiedBlock) => void = () => undefined,
): BlockStore {
  return {
    firstHeight: () => 1,
    certifiedHeight: () => disk.certified.length,
    pending: () => [...disk.pending.values()].map(({ bytes }) => decodeTrusted('Block', bytes)),
    async putPending(digest, block) {
      const bytes = encode('Block', block);
      await write(1, (count) => {
        if (count > 0) disk.pending.set(toHex(digest), { height: block.header.height, bytes });
      });
    },
    async appendCertified(blocks) {
      const encoded = blocks.map((block) => encode('CertifiedBlock', block));
      await write(blocks.length, (count) => {
        for (const [index, block] of blocks.slice(0, count).entries()) {
          const { height } = block.block.header;
          assert(height === disk.certified.length + 1, 'certified heights have no gaps');
          disk.certified.push(encoded[index]!);
          onCertified(block);
        }
        for (const [key, { height }] of disk.pending) {
          if (height <= disk.certified.length) disk.pending.delete(key);
        }
      });
    },
    async certifiedBlocks(fromHeight, maxCount, maxBytes) {
      const found: CertifiedBlock[] = [];
      let sizeBytes = 0;
      for (const bytes of disk.certified.slice(fromHeight - 1, fromHeight - 1 + maxCount)) {
        sizeBytes += bytes.length;
        if (found.length > 0 && sizeBytes > maxBytes) break;
        found.push(decodeTrusted('CertifiedBlock', bytes));
      }
      return found;
    },
  };
}
