import { fail } from '../../schemas/kernel/assert.js';

const HIGH_HALF = 2 ** 32;
/** UTF-8 bytes of one UTF-16 unit, at most. */
const TEXT_UNIT_BYTES = 3;
/** A digit of numeric (src/backend/utils/adt/numeric.c, NBASE) and how many of ours it is. */
const NUMERIC_BASE_DIGITS = 4;
const NUMERIC_NEGATIVE = 0x4000;
/** Up to here a loop in place costs less than a call that leaves JavaScript. */
const SHORT_BYTES = 64;

/**
 * Postgres' binary values (big-endian) in a growing buffer given away whole. What is named a cell
 * has its length in front.
 */
export class BinaryWriter {
  readonly #sizeBytes: number;
  #buffer: Buffer;
  #view: DataView;
  length = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
    this.#view = viewOf(this.#buffer);
  }

  /** What was written; the writer is empty again. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length);
    this.#hold(Buffer.allocUnsafe(this.#sizeBytes));
    this.length = 0;
    return taken;
  }

  int16(value: number): void {
    const at = this.#advance(2);
    this.#view.setInt16(at, value);
  }

  int32(value: number): void {
    const at = this.#advance(4);
    this.#view.setInt32(at, value);
  }

  bytes(value: Uint8Array): void {
    const at = this.#advance(value.length);
    this.#put(value, at);
  }

  /** Others than these the server would read as something else, and say nothing. */
  int32Cell(value: number): void {
    if ((value | 0) !== value) fail(`${value} is no integer of 32 bits`);
    const at = this.#advance(8);
    this.#view.setInt32(at, 4);
    this.#view.setInt32(at + 4, value);
  }

  /** Numbers by halves: a bigint for each would cost more than all the rest. */
  int64Cell(value: number | bigint): void {
    const at = this.#advance(12);
    this.#view.setInt32(at, 8);
    const number = typeof value === 'number' ? value : Number(value);
    if (!Number.isSafeInteger(number)) {
      if (typeof value === 'number') fail(`${value} is no safe integer`);
      if (BigInt.asIntN(64, value) !== value) fail(`${value} is no integer of 64 bits`);
      this.#view.setBigInt64(at + 4, value);
      return;
    }
    const high = Math.floor(number / HIGH_HALF);
    this.#view.setInt32(at + 4, high);
    this.#view.setUint32(at + 8, number - high * HIGH_HALF);
  }

  /** A whole number of any size. */
  numericCell(value: bigint): void {
    const isNegative = value < 0n;
    const digits = value === 0n ? '' : String(isNegative ? -value : value);
    const count = Math.ceil(digits.length / NUMERIC_BASE_DIGITS);
    const start = this.openCell();
    this.int16(count);
    this.int16(Math.max(0, count - 1)); // weight of the first
    this.int16(isNegative ? NUMERIC_NEGATIVE : 0);
    this.int16(0); // digits behind the point
    let end = digits.length - (count - 1) * NUMERIC_BASE_DIGITS;
    for (let from = 0; from < digits.length; from = end, end += NUMERIC_BASE_DIGITS) {
      this.int16(Number(digits.slice(from, end)));
    }
    this.closeCell(start);
  }

  bytesCell(value: Uint8Array): void {
    const at = this.#advance(4 + value.length);
    this.#view.setInt32(at, value.length);
    this.#put(value, at + 4);
  }

  /** UTF-8 bytes, with `prefix` as their first byte where there is one. */
  textCell(value: string, prefix?: number): void {
    const head = prefix === undefined ? 4 : 5;
    const at = this.#advance(head + value.length * TEXT_UNIT_BYTES);
    if (prefix !== undefined) this.#buffer[at + 4] = prefix;
    const size = this.#putAscii(value, at + head)
      ? value.length
      : this.#buffer.write(value, at + head, 'utf8');
    this.#view.setInt32(at, head - 4 + size);
    this.length = at + head + size;
  }

  /** Begins a cell whose length `closeCell` writes. */
  openCell(): number {
    return this.#advance(4);
  }

  closeCell(start: number): void {
    this.#view.setInt32(start, this.length - start - 4);
  }

  #put(value: Uint8Array, at: number): void {
    const buffer = this.#buffer;
    if (value.length > SHORT_BYTES) buffer.set(value, at);
    else for (let i = 0; i < value.length; i++) buffer[at + i] = value[i]!;
  }

  /** False when the text is not short, or not ASCII. */
  #putAscii(text: string, at: number): boolean {
    if (text.length > SHORT_BYTES) return false;
    const buffer = this.#buffer;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 128) return false;
      buffer[at + i] = code;
    }
    return true;
  }

  #hold(buffer: Buffer): void {
    this.#buffer = buffer;
    this.#view = viewOf(buffer);
  }

  /** Makes room, and says where it is. */
  #advance(sizeBytes: number): number {
    const at = this.length;
    const end = at + sizeBytes;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#hold(larger);
    }
    this.length = end;
    return at;
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
