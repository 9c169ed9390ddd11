import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal, JournalEntry } from '../../consensus/ports.js';
import { concatBytes, equalBytes, uint64 } from '../../schemas/kernel/bytes.js';
import { JOURNAL_SEGMENT_BYTES } from '../../schemas/limits.js';
import { FileError } from './errors.js';
import { type FrameFile, openFrameFile } from './frameFile.js';

export interface FileJournal extends Journal {
  close(): Promise<void>;
}

interface Segment {
  readonly file: FrameFile;
  /** Highest view of its entries; a segment wholly below the floor is removed. */
  viewMax: number;
}

const VIEW_BYTES = 8;

function segmentPath(folder: string, number: number): string {
  return join(folder, `journal-${String(number).padStart(8, '0')}.log`);
}

function segmentNumbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => /^journal-(\d+)\.log$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function viewOf(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, VIEW_BYTES);
  return Number(view.getBigUint64(0));
}

/** Every frame behind the identity. */
async function* entriesOf(file: FrameFile): AsyncGenerator<Uint8Array, void, void> {
  let isIdentity = true;
  for await (const frame of file.readAll()) {
    if (!isIdentity) yield frame;
    isIdentity = false;
  }
}

async function openSegment(path: string, identity: Uint8Array): Promise<Segment> {
  const file = await openFrameFile(path);
  if (file.offsets.length === 0) await file.append([identity]);
  if (!equalBytes(await file.read(0), identity)) {
    throw new FileError('foreign', `${path} is the journal of another chain or key`);
  }
  let viewMax = 0;
  for await (const entry of entriesOf(file)) viewMax = Math.max(viewMax, viewOf(entry));
  return { file, viewMax };
}

/**
 * A validator's vote journal in segment files. Every segment begins with the identity it belongs to
 * (chain, shard, epoch, key); an entry is its view (uint64) and its bytes.
 */
export async function openFileJournal(
  folder: string,
  identity: Uint8Array,
  segmentBytes = JOURNAL_SEGMENT_BYTES,
): Promise<FileJournal> {
  mkdirSync(folder, { recursive: true });
  const numbers = segmentNumbers(folder);
  const created = numbers.length === 0;
  let next = (numbers[numbers.length - 1] ?? 0) + 1;
  const segments: Segment[] = [];
  for (const number of numbers) {
    segments.push(await openSegment(segmentPath(folder, number), identity));
  }
  const current = async (): Promise<Segment> => {
    const newest = segments[segments.length - 1];
    if (newest !== undefined && newest.file.sizeBytes < segmentBytes) return newest;
    const segment = await openSegment(segmentPath(folder, next++), identity);
    segments.push(segment);
    return segment;
  };
  await current();
  return {
    created,
    async *replay() {
      for (const { file } of [...segments]) {
        for await (const entry of entriesOf(file)) yield entry.subarray(VIEW_BYTES);
      }
    },
    async append(entries: readonly JournalEntry[]) {
      if (entries.length === 0) return;
      const segment = await current();
      for (const { view } of entries) segment.viewMax = Math.max(segment.viewMax, view);
      await segment.file.append(entries.map(({ view, bytes }) => concatBytes(uint64(view), bytes)));
    },
    async prune(belowView) {
      while (segments.length > 1 && (segments[0] as Segment).viewMax < belowView) {
        const { file } = segments.shift() as Segment;
        await file.close();
        rmSync(file.path);
      }
    },
    async close() {
      for (const { file } of segments) await file.close();
    },
  };
}
