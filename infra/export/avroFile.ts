import { closeSync, openSync, writeSync } from 'node:fs';
import { ascii, concatBytes } from '../../schemas/kernel/bytes.js';
import { EXPORT_BLOCK_BYTES } from '../../schemas/limits.js';
import type { ExportFile } from './exportFile.js';

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 1); // "Obj", version 1
const SYNC_BYTES = 16;

/** Avro's long: zigzag, then seven bits a byte, least significant first. Not below 0 here. */
function avroLong(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value) << 1n;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function avroBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(avroLong(bytes.length), bytes);
}

/** The head of an object container: the schema of its records, and the mark between its blocks. */
function head(schema: string, sync: Uint8Array): Uint8Array {
  const metadata = [
    avroLong(2),
    ...[avroBytes(ascii('avro.schema')), avroBytes(new TextEncoder().encode(schema))],
    ...[avroBytes(ascii('avro.codec')), avroBytes(ascii('null'))],
    avroLong(0),
  ];
  return concatBytes(MAGIC, ...metadata, sync);
}

/**
 * An Avro object container (Avro 1.11, "Object Container Files") of record bodies that are encoded
 * already, all in the version of `schema`: a file names one. `sync` (16 bytes or more) follows from
 * what is in the file, so that the same heights give the same file. Blocks are not compressed.
 */
export function createAvroFile(path: string, schema: string, sync: Uint8Array): ExportFile {
  const marker = sync.subarray(0, SYNC_BYTES);
  const file = openSync(path, 'w');
  writeSync(file, head(schema, marker));
  let bodies: Uint8Array[] = [];
  let sizeBytes = 0;
  const flush = (): void => {
    if (bodies.length === 0) return;
    writeSync(file, concatBytes(avroLong(bodies.length), avroLong(sizeBytes), ...bodies, marker));
    bodies = [];
    sizeBytes = 0;
  };
  return {
    add({ body }) {
      bodies.push(body);
      sizeBytes += body.length;
      if (sizeBytes >= EXPORT_BLOCK_BYTES) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}
