import { assert, fail } from '../kernel/assert.js';

/** The input ends early, or breaks a bound: never a bug, always the sender's bytes. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Confluent's frame before the body: a zero byte and the schema id as big-endian uint32. */
export const HEADER_BYTES = 5;
const INITIAL_BYTES = 64 * 1024;
/** Between these an array doubles; beyond it grows only for one value that is larger. */
const GROWN_BYTES_MIN = 4 * 1024;
const GROWN_BYTES_MAX = 256 * 1024;
const MULTIPLE_OF_7_BITS = 128;
/** Below it an amount and its double are exact as numbers, which are cheaper than bigints. */
const AMOUNT_NUMBER_MAX = 2 ** 52;

/**
 * What avsc's types read from and write to, over plain bytes instead of Node's Buffer, so that the
 * same codec runs in browsers. Unlike avsc's own it throws at the first byte past the end: a count
 * of 10^9 in six bytes costs six bytes of work. Method names are those avsc 5.7.9 calls.
 */
export class BytesTap {
  buf: Uint8Array;
  pos = 0;
  /** Where the value at hand begins. What stands before is of others, who have views of it. */
  start = 0;
  /** Whether `bytes` are read as views of `buf` instead of copies. */
  views = false;
  /** The same of fixed ones: hashes and keys, which callers keep more often. */
  fixedViews = false;

  constructor(bytes?: Uint8Array) {
    this.buf = bytes ?? new Uint8Array(INITIAL_BYTES);
  }

  /** A view of the value at hand; the next one begins behind it. */
  take(): Uint8Array {
    const value = this.buf.subarray(this.start, this.pos);
    this.start = this.pos;
    return value;
  }

  /** Whether what was written is exactly this. */
  holds(bytes: Uint8Array): boolean {
    if (this.pos !== bytes.length) return false;
    const { buf } = this;
    for (let i = 0; i < bytes.length; i++) if (buf[i] !== bytes[i]) return false;
    return true;
  }

  private need(length: number): number {
    const pos = this.pos;
    if (length < 0 || pos + length > this.buf.length) throw new DecodeError('truncated');
    this.pos = pos + length;
    return pos;
  }

  private reserve(length: number): number {
    if (this.pos + length > this.buf.length) this.grow(length);
    const pos = this.pos;
    this.pos = pos + length;
    return pos;
  }

  /** Goes on in a larger array, or in one as large without what stands before the value. */
  private grow(length: number): void {
    const { buf, start, pos } = this;
    const usual = Math.max(GROWN_BYTES_MIN, Math.min(2 * buf.length, GROWN_BYTES_MAX));
    const larger = new Uint8Array(Math.max(usual, 2 * (pos - start + length)));
    larger.set(buf.subarray(start, pos));
    this.buf = larger;
    this.pos = pos - start;
    this.start = 0;
  }

  /** The place first: `reserve` may put a larger array in place of the one before. */
  private writeByte(byte: number): void {
    const pos = this.reserve(1);
    this.buf[pos] = byte;
  }

  /** Base 128, low digits first. `value`: 0 to 2^54. */
  private writeVarint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.writeByte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    let low = rest | 0;
    while (low >= 128) {
      this.writeByte((low & 127) | 128);
      low >>= 7;
    }
    this.writeByte(low);
  }

  readBoolean(): boolean {
    return this.buf[this.need(1)] !== 0;
  }

  writeBoolean(value: boolean): void {
    this.writeByte(value ? 1 : 0);
  }

  /** Zig-zag varint within the safe integers; avsc checks the narrower range of an int. */
  readLong(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.buf[this.need(1)]!;
      value += (byte & 127) * factor;
      if (byte < 128) return this.unzigzag(value);
      factor *= MULTIPLE_OF_7_BITS;
    }
    throw new DecodeError('integer too long');
  }

  private unzigzag(value: number): number {
    if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError('integer past 2^53');
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  writeLong(value: number): void {
    if (!Number.isSafeInteger(value)) fail(`not a safe integer: ${value}`);
    const zigzag = value >= 0 ? value * 2 : -value * 2 - 1;
    if (zigzag > Number.MAX_SAFE_INTEGER) fail(`too large for a long: ${value}`);
    this.writeVarint(zigzag);
  }

  readInt(): number {
    const value = this.readLong();
    if (value < -0x8000_0000 || value > 0x7fff_ffff) throw new DecodeError('int out of range');
    return value;
  }

  writeInt(value: number): void {
    this.writeLong(value);
  }

  readAmount(): bigint {
    let low = 0;
    let factor = 1;
    for (let count = 0; count < 7; count++) {
      const byte = this.buf[this.need(1)]!;
      low += (byte & 127) * factor;
      if (byte < 128) return BigInt(low % 2 === 0 ? low / 2 : -(low + 1) / 2);
      factor *= MULTIPLE_OF_7_BITS;
    }
    return this.readLongAmount(BigInt(low));
  }

  private readLongAmount(low: bigint): bigint {
    let value = low;
    for (let shift = 49n; shift <= 63n; shift += 7n) {
      const byte = this.buf[this.need(1)]!;
      value |= BigInt(byte & 127) << shift;
      if (byte >= 128) continue;
      if (value >= 1n << 64n) break;
      return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
    }
    throw new DecodeError('amount past 64 bits');
  }

  writeAmount(value: bigint): void {
    const small = Number(value);
    if (small < AMOUNT_NUMBER_MAX && small > -AMOUNT_NUMBER_MAX) {
      this.writeVarint(small >= 0 ? small * 2 : -small * 2 - 1);
      return;
    }
    const zigzag = value >= 0n ? value << 1n : (-value << 1n) - 1n;
    if (zigzag >= 1n << 64n) fail(`amount past 64 bits: ${value}`);
    let high = zigzag;
    while (high >= 1n << 49n) {
      this.writeByte(Number(high & 127n) | 128);
      high >>= 7n;
    }
    this.writeVarint(Number(high));
  }

  readFixed(length: number): Uint8Array {
    const pos = this.need(length);
    const end = pos + length;
    return this.fixedViews ? this.buf.subarray(pos, end) : this.buf.slice(pos, end);
  }

  writeFixed(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) fail(`fixed of ${length} bytes got ${bytes.length}`);
    const pos = this.reserve(length);
    this.buf.set(bytes, pos);
  }

  readBytes(): Uint8Array {
    const length = this.readLong();
    const pos = this.need(length);
    return this.views ? this.buf.subarray(pos, pos + length) : this.buf.slice(pos, pos + length);
  }

  /** Confluent's frame: a zero byte and the schema id. */
  writeHeader(id: number): void {
    const pos = this.reserve(HEADER_BYTES);
    this.buf[pos] = 0;
    this.buf[pos + 1] = id >>> 24;
    this.buf[pos + 2] = id >>> 16;
    this.buf[pos + 3] = id >>> 8;
    this.buf[pos + 4] = id;
  }

  writeBytes(bytes: Uint8Array): void {
    this.writeLong(bytes.length);
    const pos = this.reserve(bytes.length);
    this.buf.set(bytes, pos);
  }

  /** ASCII only: names and symbols of the protocol are. */
  readString(): string {
    let text = '';
    for (const byte of this.readBytes()) {
      if (byte >= 128) throw new DecodeError('not ASCII');
      text += String.fromCharCode(byte);
    }
    return text;
  }

  writeString(text: string): void {
    this.writeLong(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      assert(code < 128, 'not ASCII');
      this.writeByte(code);
    }
  }

  skipLong(): void {
    this.readLong();
  }
}
