import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { assert } from '../../schemas/kernel/assert.js';
import { EXECUTED_HEIGHTS_PER_FILE, MAX_FRAME_BYTES } from '../../schemas/limits.js';
import { FileError, toFileError } from './errors.js';

/**
 * What the engine made of each height (framed PeerMessage bodies of gateways: ExecutedHeight), by
 * height without gaps. It follows from the blocks, so a lost tail is made again by executing them.
 */
export interface ExecutedStore {
  /** Lowest height held; `last() + 1` when there is none. */
  first(): number;
  last(): number;
  /** `height` is `last() + 1`, or one already held: the same bytes then, and nothing happens. */
  append(height: number, bytes: Uint8Array): void;
  /** @throws FileError corrupt */
  read(height: number): Uint8Array | null;
  /** Everything appended so far is durable on return; for a process that is about to end. */
  sync(): void;
  /** Everything appended before the call is durable on resolve. Rejects with FileError. */
  flush(): Promise<void>;
  /** Whole files below this height are removed. */
  prune(belowHeight: number): void;
  close(): void;
}

interface Segment {
  readonly path: string;
  readonly file: number;
  readonly first: number;
  /** Offset of each record, and of the end. */
  readonly offsets: number[];
}

const datasync = promisify(fdatasync);

/** Length of the bytes and their CRC-32 (RFC 1952), both big-endian uint32. */
const HEADER_BYTES = 8;

function fileName(first: number): string {
  return `executed-${String(first).padStart(12, '0')}.log`;
}

/** Offsets of the whole records of a file; a torn tail is cut off. */
function scan(file: number): number[] {
  const { size } = fstatSync(file);
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  const offsets = [0];
  for (let at = 0; at + HEADER_BYTES <= size; ) {
    readSync(file, header, 0, HEADER_BYTES, at);
    const length = view.getUint32(0);
    const end = at + HEADER_BYTES + length;
    if (length === 0 || length > 2 * MAX_FRAME_BYTES || end > size) break;
    if (end === size && crc32(readAt(file, at + HEADER_BYTES, length)) !== view.getUint32(4)) break;
    offsets.push(end);
    at = end;
  }
  ftruncateSync(file, offsets[offsets.length - 1]);
  return offsets;
}

function readAt(file: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  readSync(file, bytes, 0, length, at);
  return bytes;
}

/** Whole or not at all: a full disk may take a part of it. @throws FileError disk-full, io */
function writeRecord({ file, path }: Segment, bytes: Uint8Array, end: number): void {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, crc32(bytes));
  try {
    let written = writevSync(file, [header, bytes]);
    while (written < HEADER_BYTES) written += writeSync(file, header, written);
    for (let at = written - HEADER_BYTES; at < bytes.length; ) at += writeSync(file, bytes, at);
  } catch (error) {
    ftruncateSync(file, end);
    throw toFileError(error, path);
  }
}

function openSegment(folder: string, first: number): Segment {
  const path = join(folder, fileName(first));
  const file = openSync(path, 'a+');
  return { path, file, first, offsets: scan(file) };
}

function openSegments(folder: string): Segment[] {
  const firsts = readdirSync(folder)
    .map((name) => /^executed-(\d+)\.log$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const first of firsts) {
    const before = segments[segments.length - 1];
    const segment = openSegment(folder, first);
    const follows = before === undefined || before.first + before.offsets.length - 1 === first;
    if (follows) segments.push(segment);
    else {
      // Behind a hole: made again by executing the blocks.
      closeSync(segment.file);
      rmSync(segment.path);
    }
  }
  return segments;
}

/** `startHeight` is where an empty store begins: the height after the state it starts from. */
export function openExecutedStore(folder: string, startHeight: number): ExecutedStore {
  mkdirSync(folder, { recursive: true });
  const segments = openSegments(folder);
  const newestSegment = (): Segment | undefined => segments[segments.length - 1];
  /** What was appended last: it is asked for at once, by every gateway. */
  let newest: Uint8Array | null = null;
  const last = (): number => {
    const segment = newestSegment();
    return segment === undefined ? startHeight - 1 : segment.first + segment.offsets.length - 2;
  };
  /** Files with records that may not be on disk yet. */
  const unsynced = new Set<Segment>();
  const segmentOf = (height: number): Segment | undefined =>
    segments.findLast(({ first }) => first <= height);
  return {
    first: () => segments[0]?.first ?? startHeight,
    last,
    append(height, bytes) {
      if (height <= last()) return;
      assert(height === last() + 1, `height ${height} behind ${last()}`);
      let segment = newestSegment();
      if (segment === undefined || segment.offsets.length > EXECUTED_HEIGHTS_PER_FILE) {
        segment = openSegment(folder, height);
        segments.push(segment);
      }
      const end = segment.offsets[segment.offsets.length - 1] as number;
      writeRecord(segment, bytes, end);
      unsynced.add(segment);
      segment.offsets.push(end + HEADER_BYTES + bytes.length);
      newest = bytes;
    },
    read(height) {
      if (newest !== null && height === last()) return newest;
      const segment = segmentOf(height);
      const at = segment?.offsets[height - segment.first];
      const end = segment?.offsets[height - segment.first + 1];
      if (segment === undefined || at === undefined || end === undefined) return null;
      const record = readAt(segment.file, at, end - at);
      const bytes = record.subarray(HEADER_BYTES);
      const crc = new DataView(record.buffer).getUint32(4);
      if (crc32(bytes) === crc) return bytes;
      throw new FileError('corrupt', `${segment.path}: height ${height} does not read back`);
    },
    sync: () => {
      for (const { file } of unsynced) fdatasyncSync(file);
      unsynced.clear();
    },
    async flush() {
      const waiting = [...unsynced];
      unsynced.clear();
      for (const segment of waiting) {
        await datasync(segment.file).catch((error: unknown) => {
          unsynced.add(segment);
          throw toFileError(error, segment.path);
        });
      }
    },
    prune(belowHeight) {
      while (segments.length > 1 && (segments[1] as Segment).first <= belowHeight) {
        const segment = segments.shift() as Segment;
        unsynced.delete(segment);
        closeSync(segment.file);
        rmSync(segment.path);
      }
    },
    close: () => {
      for (const { file } of segments) closeSync(file);
    },
  };
}
