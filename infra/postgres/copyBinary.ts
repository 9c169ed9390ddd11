import type { CellValue, Column, Table } from '../../projections/readModel.js';
import type { StoredRow } from '../../projections/runner/rowBatch.js';
import { assert, unreachable } from '../../schemas/kernel/assert.js';

/** Signature, flags and extension length (PostgreSQL manual, COPY, "Binary Format"). */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const CHUNK_BYTES = 256 * 1024;
const NULL_LENGTH = -1;
/** Version byte in front of a jsonb value's text. */
const JSONB_VERSION = 1;

/**
 * Rows in Postgres' binary COPY format, in chunks. Binary, because our columns are mostly bytes,
 * which the text format would double.
 */
export function* copyBinary(table: Table, rows: readonly StoredRow[]): Generator<Buffer> {
  const columns = Object.entries(table.columns);
  const chunk = new ChunkWriter();
  chunk.bytes(HEADER);
  for (const row of rows) {
    chunk.int16(columns.length);
    for (const [name, column] of columns) writeCell(chunk, column, row[name] ?? null);
    if (chunk.length >= CHUNK_BYTES) yield chunk.take();
  }
  chunk.int16(-1);
  yield chunk.take();
}

function writeCell(chunk: ChunkWriter, { type }: Column, value: CellValue): void {
  if (value === null) return chunk.int32(NULL_LENGTH);
  switch (type) {
    case 'bytes':
      assert(value instanceof Uint8Array, 'bytes expected');
      chunk.int32(value.length);
      return chunk.bytes(value);
    case 'count':
    case 'amount':
      assert(typeof value === 'number' || typeof value === 'bigint', 'a number expected');
      chunk.int32(8);
      return chunk.int64(BigInt(value));
    case 'small':
      assert(typeof value === 'number', 'a number expected');
      chunk.int32(4);
      return chunk.int32(value);
    case 'text':
      assert(typeof value === 'string', 'text expected');
      return chunk.sized(Buffer.from(value, 'utf8'));
    case 'json': {
      const text = Buffer.from(JSON.stringify(value), 'utf8');
      chunk.int32(text.length + 1);
      chunk.bytes(Uint8Array.of(JSONB_VERSION));
      return chunk.bytes(text);
    }
    default:
      return unreachable(type);
  }
}

/** A growing buffer that is given away whole. */
class ChunkWriter {
  #buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  length = 0;

  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length);
    this.#buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
    this.length = 0;
    return taken;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.length = this.#buffer.writeInt16BE(value, this.length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.length = this.#buffer.writeInt32BE(value, this.length);
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.length = this.#buffer.writeBigInt64BE(value, this.length);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.length);
    this.length += value.length;
  }

  sized(value: Uint8Array): void {
    this.int32(value.length);
    this.bytes(value);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}
