import type { LogRecord, StoredRecord } from '../../schemas/log.js';

/** Key length, value length (uint32) and timestamp (uint64), big-endian; key and value follow. */
const HEAD_BYTES = 16;

export function framedBytes(record: LogRecord): number {
  return HEAD_BYTES + record.key.length + record.value.length;
}

/** Writes a record at `position` and returns the position after it. */
export function writeFrame(target: Buffer, position: number, record: LogRecord): number {
  const { key, value, timestampMs } = record;
  target.writeUInt32BE(key.length, position);
  target.writeUInt32BE(value.length, position + 4);
  target.writeBigUInt64BE(BigInt(timestampMs), position + 8);
  target.set(key, position + HEAD_BYTES);
  target.set(value, position + HEAD_BYTES + key.length);
  return position + HEAD_BYTES + key.length + value.length;
}

export interface StoredBatch {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: bigint;
  readonly recordCount: number;
  readonly payload: Buffer;
}

/**
 * The records of a stored batch from `fromOffset` on, as views on its payload. Writers are not
 * trusted: `malformed` says that the payload does not hold what its row claims, and `records` then
 * ends before the first that cannot be read.
 */
export function readFrames(
  batch: StoredBatch,
  fromOffset: bigint,
): { readonly records: StoredRecord[]; readonly malformed: boolean } {
  const { topic, partition, payload } = batch;
  const records: StoredRecord[] = [];
  let position = 0;
  for (let index = 0; index < batch.recordCount; index++) {
    if (position + HEAD_BYTES > payload.length) return { records, malformed: true };
    const keyStart = position + HEAD_BYTES;
    const valueStart = keyStart + payload.readUInt32BE(position);
    const timestampMs = Number(payload.readBigUInt64BE(position + 8));
    position = valueStart + payload.readUInt32BE(position + 4);
    if (position > payload.length) return { records, malformed: true };
    const offset = batch.baseOffset + BigInt(index);
    if (offset < fromOffset) continue;
    const key = view(payload, keyStart, valueStart);
    const value = view(payload, valueStart, position);
    records.push({ topic, partition, key, value, timestampMs, offset });
  }
  return { records, malformed: position !== payload.length };
}

/** A plain Uint8Array: a Buffer would compare and print differently from the other adapters'. */
function view(payload: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(payload.buffer, payload.byteOffset + from, to - from);
}
