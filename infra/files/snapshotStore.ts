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

/** A state as its leaves, key and value bytes, in the order of the state tree. */
export interface Snapshot {
  readonly height: number;
  readonly entries: readonly (readonly [Uint8Array, Uint8Array])[];
}

/** Newest first; a file that does not read back whole is passed over. */
export interface SnapshotStore {
  newest(): Snapshot | null;
  write(height: number, entries: Iterable<readonly [Uint8Array, Uint8Array]>): void;
}

const KEPT = 2;
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

function lengthPrefix(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

/** The entries of a file whose last 32 bytes are the SHA-256 of all before; else null. */
function parse(bytes: Uint8Array): Snapshot['entries'] | null {
  if (bytes.length < DIGEST_BYTES) return null;
  const body = bytes.subarray(0, bytes.length - DIGEST_BYTES);
  const digest = createHash('sha256').update(body).digest();
  if (!digest.equals(bytes.subarray(bytes.length - DIGEST_BYTES))) return null;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const entries: [Uint8Array, Uint8Array][] = [];
  let at = 0;
  const take = (): Uint8Array => {
    const length = view.getUint32(at);
    const part = body.slice(at + 4, at + 4 + length);
    at += 4 + length;
    return part;
  };
  while (at < body.length) entries.push([take(), take()]);
  return entries;
}

export function openSnapshotStore(folder: string): SnapshotStore {
  mkdirSync(folder, { recursive: true });
  return {
    newest() {
      for (const height of heights(folder)) {
        const entries = parse(readFileSync(join(folder, fileName(height))));
        if (entries !== null) return { height, entries };
      }
      return null;
    },
    write(height, entries) {
      const path = join(folder, fileName(height));
      const file = openSync(`${path}.new`, 'w');
      const hash = createHash('sha256');
      let chunk: Uint8Array[] = [];
      let chunkBytes = 0;
      const flush = (): void => {
        const bytes = Buffer.concat(chunk);
        hash.update(bytes);
        writeSync(file, bytes);
        chunk = [];
        chunkBytes = 0;
      };
      for (const [key, value] of entries) {
        chunk.push(lengthPrefix(key.length), key, lengthPrefix(value.length), value);
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
