import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockStore } from '../../consensus/ports.js';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { blockDigest } from '../../schemas/crypto/digests.js';
import { assert } from '../../schemas/kernel/assert.js';
import { toHex } from '../../schemas/kernel/bytes.js';
import { CERTIFIED_SEGMENT_BYTES, PENDING_FILE_BYTES } from '../../schemas/limits.js';
import type { Block, CertifiedBlock } from '../../schemas/types/block.js';
import { type FrameFile, openFrameFile } from './frameFile.js';

export interface FileBlockStore extends BlockStore {
  /** Of an empty store, whose application starts from a snapshot: that of the snapshot's height. */
  beginAt(certified: CertifiedBlock): Promise<void>;
  close(): Promise<void>;
}

interface Segment {
  readonly first: number;
  readonly file: FrameFile;
}

function segmentPath(folder: string, first: number): string {
  return join(folder, `certified-${String(first).padStart(12, '0')}.log`);
}

async function openSegments(folder: string): Promise<Segment[]> {
  const firsts = readdirSync(folder)
    .map((name) => /^certified-(\d+)\.log$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const first of firsts) {
    segments.push({ first, file: await openFrameFile(segmentPath(folder, first)) });
  }
  return segments;
}

async function readBlocks(file: FrameFile): Promise<Block[]> {
  const blocks: Block[] = [];
  for await (const bytes of file.readAll()) blocks.push(decodeTrusted('Block', bytes));
  return blocks;
}

/** The blocks of these heights, as many as `maxBytes` holds, but at least the first there is. */
async function readCertified(
  segments: readonly Segment[],
  fromHeight: number,
  toHeight: number,
  maxBytes: number,
): Promise<CertifiedBlock[]> {
  const found: CertifiedBlock[] = [];
  let sizeBytes = 0;
  for (let height = fromHeight; height <= toHeight; height++) {
    const segment = segments.findLast(({ first }) => first <= height);
    if (segment === undefined) break;
    const bytes = await segment.file.read(height - segment.first);
    sizeBytes += bytes.length;
    if (found.length > 0 && sizeBytes > maxBytes) break;
    found.push(decodeTrusted('CertifiedBlock', bytes));
  }
  return found;
}

/** Sizes at which files are begun or rewritten. */
const SIZES = { segmentBytes: CERTIFIED_SEGMENT_BYTES, pendingBytes: PENDING_FILE_BYTES };

/** Certified blocks in segment files by height, pending ones in a file that is rewritten. */
export async function openFileBlockStore(folder: string, sizes = SIZES): Promise<FileBlockStore> {
  mkdirSync(folder, { recursive: true });
  const segments = await openSegments(folder);
  const pendingPath = join(folder, 'pending.log');
  let pendingFile = await openFrameFile(pendingPath);
  let certifiedHeight = 0;
  for (const { first, file } of segments) certifiedHeight = first + file.offsets.length - 1;
  const opened = (await readBlocks(pendingFile)).filter(
    ({ header }) => header.height > certifiedHeight,
  );
  /** Height by digest of what the pending file holds and may still be needed. */
  const held = new Map<string, { readonly height: number; readonly bytes: Uint8Array }>();
  for (const block of opened) {
    const { header } = block;
    held.set(toHex(blockDigest(header)), {
      height: header.height,
      bytes: encode('Block', block),
    });
  }
  let rewriting: Promise<void> = Promise.resolve();

  const rewritePending = async (): Promise<void> => {
    for (const [digest, { height }] of held) if (height <= certifiedHeight) held.delete(digest);
    if (pendingFile.sizeBytes < sizes.pendingBytes) return;
    const draft = await openFrameFile(`${pendingPath}.new`);
    await draft.append([...held.values()].map(({ bytes }) => bytes));
    await pendingFile.close();
    renameSync(`${pendingPath}.new`, pendingPath);
    pendingFile = draft;
  };
  const newest = async (): Promise<Segment> => {
    const last = segments[segments.length - 1];
    if (last !== undefined && last.file.sizeBytes < sizes.segmentBytes) return last;
    const first = certifiedHeight + 1;
    const segment = { first, file: await openFrameFile(segmentPath(folder, first)) };
    segments.push(segment);
    return segment;
  };
  rmSync(`${pendingPath}.new`, { force: true });
  return {
    async beginAt(certified) {
      assert(segments.length === 0, 'a store begins once');
      const { height } = certified.block.header;
      certifiedHeight = height - 1;
      await (await newest()).file.append([encode('CertifiedBlock', certified)]);
      certifiedHeight = height;
    },
    firstHeight: () => segments[0]?.first ?? certifiedHeight + 1,
    certifiedHeight: () => certifiedHeight,
    pending: () => opened,
    async putPending(digest, block) {
      const key = toHex(digest);
      if (held.has(key)) return;
      const bytes = encode('Block', block);
      held.set(key, { height: block.header.height, bytes });
      await rewriting;
      await pendingFile.append([bytes]);
    },
    async appendCertified(blocks: readonly CertifiedBlock[]) {
      const first = blocks[0];
      if (first === undefined) return;
      assert(first.block.header.height === certifiedHeight + 1, 'certified heights have no gaps');
      const { file } = await newest();
      await file.append(blocks.map((block) => encode('CertifiedBlock', block)));
      certifiedHeight += blocks.length;
      rewriting = rewriting.then(rewritePending);
      await rewriting;
    },
    certifiedBlocks: (fromHeight, maxCount, maxBytes) => {
      const toHeight = Math.min(certifiedHeight, fromHeight + maxCount - 1);
      return readCertified(segments, fromHeight, toHeight, maxBytes);
    },
    async close() {
      await rewriting;
      await pendingFile.close();
      for (const { file } of segments) await file.close();
    },
  };
}
