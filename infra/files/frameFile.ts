import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { assert } from '../../schemas/kernel/assert.js';
import { FILE_FRAME_BYTES_MAX, FILE_READ_BYTES, FILE_RESYNC_BYTES } from '../../schemas/limits.js';
import { durableWriter, fileTarget } from './durableWriter.js';
import { FileError, toFileError } from './errors.js';

/** Length of the content and its CRC-32 (RFC 1952), big-endian uint32 each, before every frame. */
const HEADER_BYTES = 8;

/**
 * An append-only file of frames. Appends that come while a write is under way share the next write
 * and its sync. A tail that a crash tore off is cut at opening; what was durable before is kept,
 * and where it is damaged the file does not open.
 */
export interface FrameFile {
  readonly path: string;
  /** Offset of each frame, in order. */
  readonly offsets: readonly number[];
  readonly sizeBytes: number;
  /** Durable on resolve; resolves with the place of the first in `offsets`. */
  append(frames: readonly Uint8Array[]): Promise<number>;
  read(index: number): Promise<Uint8Array>;
  /** All that were there at the call, in order, read in large pieces. */
  readAll(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

interface Waiting {
  readonly frames: readonly Uint8Array[];
  resolve(first: number): void;
  reject(error: FileError): void;
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}

/** `length` bytes from `at` on, at most to the end of the file. */
type ReadAhead = (at: number, length: number) => Promise<Uint8Array> | Uint8Array;

/**
 * Reads a file from front to back in pieces of FILE_READ_BYTES. Each read waits for a thread and
 * for the event loop: one for each frame makes a restart take minutes where both are busy.
 */
function readAhead(handle: FileHandle): ReadAhead {
  let from = 0;
  let piece: Uint8Array = new Uint8Array(0);
  const take = (at: number, length: number): Uint8Array =>
    piece.subarray(at - from, at - from + length);
  return (at, length) => {
    if (at >= from && at + length <= from + piece.length) return take(at, length);
    return readAt(handle, at, Math.max(length, FILE_READ_BYTES)).then((bytes) => {
      from = at;
      piece = bytes;
      return take(at, length);
    });
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Where the frame at `at` ends; null when there is no whole one. No frame is empty: zeros are none.
 */
async function frameEnd(read: ReadAhead, at: number, size: number): Promise<number | null> {
  if (at + HEADER_BYTES > size) return null;
  const view = viewOf(await read(at, HEADER_BYTES));
  const [length, checksum] = [view.getUint32(0), view.getUint32(4)];
  const end = at + HEADER_BYTES + length;
  if (length === 0 || length > FILE_FRAME_BYTES_MAX || end > size) return null;
  return crc32(await read(at + HEADER_BYTES, length)) === checksum ? end : null;
}

/** Whether a whole frame begins anywhere behind `at`, as far as is looked. */
async function isFollowed(handle: FileHandle, at: number, size: number): Promise<boolean> {
  const window = await readAt(handle, at + 1, Math.min(size - at - 1, 2 * FILE_RESYNC_BYTES));
  const view = viewOf(window);
  const until = Math.min(window.length - HEADER_BYTES, FILE_RESYNC_BYTES);
  for (let next = 0; next < until; next++) {
    const length = view.getUint32(next);
    const from = next + HEADER_BYTES;
    if (length === 0 || from + length > window.length) continue;
    if (crc32(window.subarray(from, from + length)) === view.getUint32(next + 4)) return true;
  }
  return false;
}

/** Every frame of a batch behind its header, in one array. */
function joinFrames(batch: readonly Waiting[]): Uint8Array {
  const frames = batch.flatMap((waiting) => waiting.frames);
  const length = frames.reduce((sum, frame) => sum + HEADER_BYTES + frame.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    view.setUint32(at + 4, crc32(frame));
    bytes.set(frame, at + HEADER_BYTES);
    at += HEADER_BYTES + frame.length;
  }
  return bytes;
}

/**
 * Offsets of the whole frames, and where they end. Every content is checked once. What a crash tore
 * off is the end of the file; a frame that does not read back before others that do was durable,
 * and has been damaged since: cutting it off would forget what was said. @throws FileError corrupt
 */
async function scan(handle: FileHandle, path: string): Promise<{ offsets: number[]; end: number }> {
  const { size } = await handle.stat();
  const offsets: number[] = [];
  const read = readAhead(handle);
  let at = 0;
  for (;;) {
    const end = await frameEnd(read, at, size);
    if (end === null) break;
    offsets.push(at);
    at = end;
  }
  if (at < size && (await isFollowed(handle, at, size))) {
    const frame = `frame ${offsets.length}, at byte ${at},`;
    throw new FileError('corrupt', `${path}: ${frame} does not read back, and others follow it`);
  }
  return { offsets, end: at };
}

async function openWhole(handle: FileHandle, path: string) {
  try {
    const scanned = await scan(handle, path);
    await handle.truncate(scanned.end);
    return scanned;
  } catch (error) {
    await handle.close();
    throw toFileError(error, path);
  }
}

/** The content of a frame of a file that ends at `endBytes`. @throws FileError corrupt, io */
async function frameAt(
  path: string,
  offsets: readonly number[],
  index: number,
  endBytes: number,
  read: ReadAhead,
): Promise<Uint8Array> {
  const at = offsets[index];
  if (at === undefined) throw new FileError('io', `${path}: no frame ${index}`);
  const frame = await read(at, (offsets[index + 1] ?? endBytes) - at);
  const content = frame.subarray(HEADER_BYTES);
  if (frame.length >= HEADER_BYTES) {
    const view = viewOf(frame);
    if (view.getUint32(0) === content.length && view.getUint32(4) === crc32(content))
      return content;
  }
  throw new FileError('corrupt', `${path}: frame ${index} does not read back`);
}

/** @throws FileError corrupt, disk-full, io */
export async function openFrameFile(path: string): Promise<FrameFile> {
  const { O_APPEND, O_CREAT, O_RDWR, O_DSYNC = 0 } = constants;
  const flags = O_APPEND | O_CREAT | O_RDWR | O_DSYNC;
  const handle = await open(path, flags, 0o600).catch((error: unknown) => {
    throw toFileError(error, path);
  });
  const { offsets, end } = await openWhole(handle, path);
  const writeDurably = durableWriter(fileTarget(handle));
  let sizeBytes = end;
  let queue: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let broken: FileError | null = null;

  const writeAll = async (batch: readonly Waiting[]): Promise<void> => {
    await writeDurably(joinFrames(batch));
    for (const { frames, resolve } of batch) {
      const first = offsets.length;
      for (const frame of frames) {
        offsets.push(sizeBytes);
        sizeBytes += HEADER_BYTES + frame.length;
      }
      resolve(first);
    }
  };
  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      try {
        if (broken !== null) throw broken;
        await writeAll(batch);
      } catch (error) {
        // What is on disk is unknown now: nothing more is written through this handle.
        broken = toFileError(error, path);
        for (const { reject } of batch) reject(broken);
      }
    }
    writing = null;
  };
  return {
    path,
    offsets,
    get sizeBytes() {
      return sizeBytes;
    },
    append: (frames) =>
      new Promise((resolve, reject) => {
        for (const frame of frames) {
          assert(frame.length > 0, 'no frame is empty');
          assert(frame.length <= FILE_FRAME_BYTES_MAX, 'a frame within its bound');
        }
        queue.push({ frames, resolve, reject });
        writing ??= drain();
      }),
    read: (index) =>
      frameAt(path, offsets, index, sizeBytes, (at, length) => readAt(handle, at, length)),
    async *readAll() {
      const read = readAhead(handle);
      const [count, endBytes] = [offsets.length, sizeBytes];
      for (let index = 0; index < count; index++) {
        // A copy: what is kept of it must not keep the whole piece.
        yield (await frameAt(path, offsets, index, endBytes, read)).slice();
      }
    },
    async close() {
      await writing;
      await handle.close();
    },
  };
}
