import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { uint64 } from '../../schemas/kernel/bytes.js';
import { toFileError } from './errors.js';

/** A state as its leaves, key and value bytes, in the order of the state tree. */
export interface Snapshot {
  readonly height: number;
  /** That block's time. */
  readonly timestampMs: number;
  readonly entries: readonly (readonly [Uint8Array, Uint8Array])[];
}

/** Newest first; a file that does not read back whole is passed over. */
export interface SnapshotStore {
  newest(): Snapshot | null;
  /**
   * Durable on resolve. Entries are taken and written in slices of a millisecond or two, between
   * which everything else gets its turn; they must stay what they are meanwhile. Rejects with
   * FileError, and then the older snapshots stand.
   */
  write(
    height: number,
    timestampMs: number,
    entries: Iterable<readonly [Uint8Array, Uint8Array]>,
  ): Promise<void>;
}

const KEPT = 2;
const HEADER_BYTES = 16;
const DIGEST_BYTES = 32;
/** One slice: about 500 accounts. */
const CHUNK_BYTES = 64 * 1024;

function fileName(height: number): string {
  return `snapshot-${String(height).padStart(12, '0')}.bin`;
}

/** Where a store in this folder has its snapshot of this height. */
export function snapshotPath(folder: string, height: number): string {
  return join(folder, fileName(height));
}

function heightOf(name: string): number {
  const digits = /^snapshot-(\d+)\.bin$/.exec(name)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

function heights(folder: string): number[] {
  return readdirSync(folder)
    .map(heightOf)
    .filter((height) => height >= 0)
    .sort((a, b) => b - a);
}

/**
 * A file is: height and block time (uint64), then keys and values, each behind its length (uint32),
 * then the SHA-256 of all before. Null for anything else.
 */
export function parseSnapshot(bytes: Uint8Array): Snapshot | null {
  if (bytes.length < HEADER_BYTES + DIGEST_BYTES) return null;
  const body = bytes.subarray(0, bytes.length - DIGEST_BYTES);
  const digest = createHash('sha256').update(body).digest();
  if (!digest.equals(bytes.subarray(bytes.length - DIGEST_BYTES))) return null;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const entries: [Uint8Array, Uint8Array][] = [];
  let at = HEADER_BYTES;
  const take = (): Uint8Array => {
    const length = view.getUint32(at);
    const part = body.slice(at + 4, at + 4 + length);
    at += 4 + length;
    return part;
  };
  while (at < body.length) entries.push([take(), take()]);
  const height = Number(view.getBigUint64(0));
  return { height, timestampMs: Number(view.getBigUint64(8)), entries };
}

export function openSnapshotStore(folder: string): SnapshotStore {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.bin.new')) rmSync(join(folder, name));
  }
  return {
    newest() {
      for (const height of heights(folder)) {
        // Not as a Buffer, whose slices are views: each leaf would keep the whole file in memory.
        const { buffer, byteOffset, byteLength } = readFileSync(snapshotPath(folder, height));
        const snapshot = parseSnapshot(new Uint8Array(buffer, byteOffset, byteLength));
        if (snapshot !== null) return snapshot;
      }
      return null;
    },
    async write(height, timestampMs, entries) {
      const path = snapshotPath(folder, height);
      const draft = `${path}.new`;
      try {
        const file = await open(draft, 'w', 0o600);
        try {
          await writeEntries(file, height, timestampMs, entries);
          await file.sync();
        } finally {
          await file.close();
        }
        renameSync(draft, path);
        for (const old of heights(folder).slice(KEPT)) rmSync(snapshotPath(folder, old));
      } catch (error) {
        rmSync(draft, { force: true }); // its place may be all that is missing
        throw toFileError(error, draft);
      }
    },
  };
}

async function writeEntries(
  file: FileHandle,
  height: number,
  timestampMs: number,
  entries: Iterable<readonly [Uint8Array, Uint8Array]>,
): Promise<void> {
  const hash = createHash('sha256');
  let chunk = new Uint8Array(2 * CHUNK_BYTES);
  let used = 0;
  const put = (bytes: Uint8Array): void => {
    chunk.set(bytes, used);
    used += bytes.length;
  };
  const putSized = (bytes: Uint8Array): void => {
    new DataView(chunk.buffer).setUint32(used, bytes.length);
    used += 4;
    put(bytes);
  };
  const flush = async (): Promise<void> => {
    const bytes = chunk.subarray(0, used);
    used = 0;
    hash.update(bytes);
    await file.writeFile(bytes);
  };
  put(uint64(height));
  put(uint64(timestampMs));
  for (const [key, value] of entries) {
    const needed = 8 + key.length + value.length;
    if (needed > chunk.length - used) {
      await flush();
      if (needed > chunk.length) chunk = new Uint8Array(needed);
    }
    putSized(key);
    putSized(value);
    if (used >= CHUNK_BYTES) await flush();
  }
  await flush();
  await file.writeFile(hash.digest());
}
