import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { uint32, uint64 } from '../../schemas/kernel/bytes.js';

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
  write(
    height: number,
    timestampMs: number,
    entries: Iterable<readonly [Uint8Array, Uint8Array]>,
  ): void;
}

const KEPT = 2;
const HEADER_BYTES = 16;
const DIGEST_BYTES = 32;
const CHUNK_BYTES = 1 << 20;

function fileName(height: number): string {
  return `snapshot-${String(height).padStart(12, '0')}.bin`;
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
function parse(bytes: Uint8Array): Snapshot | null {
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
  return {
    newest() {
      for (const height of heights(folder)) {
        const snapshot = parse(readFileSync(join(folder, fileName(height))));
        if (snapshot !== null) return snapshot;
      }
      return null;
    },
    write(height, timestampMs, entries) {
      const path = join(folder, fileName(height));
      const file = openSync(`${path}.new`, 'w');
      const hash = createHash('sha256');
      let chunk: Uint8Array[] = [uint64(height), uint64(timestampMs)];
      let chunkBytes = HEADER_BYTES;
      const flush = (): void => {
        const bytes = Buffer.concat(chunk);
        hash.update(bytes);
        writeSync(file, bytes);
        chunk = [];
        chunkBytes = 0;
      };
      for (const [key, value] of entries) {
        chunk.push(uint32(key.length), key, uint32(value.length), value);
        chunkBytes += 8 + key.length + value.length;
        if (chunkBytes >= CHUNK_BYTES) flush();
      }
      flush();
      writeSync(file, hash.digest());
      fsyncSync(file);
      closeSync(file);
      renameSync(`${path}.new`, path);
      for (const old of heights(folder).slice(KEPT)) rmSync(join(folder, fileName(old)));
    },
  };
}
