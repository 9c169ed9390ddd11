const HIGH_HALF = 2 ** 32;
/** UTF-8 bytes of one UTF-16 unit, at most. */
const TEXT_UNIT_BYTES = 3;

/** Postgres' binary values (big-endian, lengths in front) in a growing buffer given away whole. */
export class BinaryWriter {
  readonly #sizeBytes: number;
  #buffer: Buffer;
  length = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
  }

  /** What was written; the writer is empty again. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.length);
    this.#buffer = Buffer.allocUnsafe(this.#sizeBytes);
    this.length = 0;
    return taken;
  }

  int16(value: number): void {
    const at = this.#advance(2);
    this.#buffer[at] = value >> 8;
    this.#buffer[at + 1] = value;
  }

  int32(value: number): void {
    this.#putInt32(this.#advance(4), value);
  }

  /** Numbers by halves: a bigint for each would cost more than all the rest. */
  int64(value: number | bigint): void {
    const at = this.#advance(8);
    const number = typeof value === 'number' ? value : Number(value);
    if (!Number.isSafeInteger(number)) {
      this.#buffer.writeBigInt64BE(BigInt(value), at);
      return;
    }
    const high = Math.floor(number / HIGH_HALF);
    this.#putInt32(at, high);
    this.#putInt32(at + 4, number - high * HIGH_HALF);
  }

  bytes(value: Uint8Array): void {
    const at = this.#advance(value.length);
    this.#buffer.set(value, at);
  }

  /** Length and UTF-8 bytes, with `prefix` as their first byte where there is one. */
  text(value: string, prefix?: number): void {
    const head = prefix === undefined ? 0 : 1;
    const at = this.#advance(4 + head + value.length * TEXT_UNIT_BYTES);
    const size = this.#buffer.write(value, at + 4 + head, 'utf8');
    this.#putInt32(at, size + head);
    if (prefix !== undefined) this.#buffer[at + 4] = prefix;
    this.length = at + 4 + head + size;
  }

  #putInt32(at: number, value: number): void {
    this.#buffer[at] = value >>> 24;
    this.#buffer[at + 1] = value >>> 16;
    this.#buffer[at + 2] = value >>> 8;
    this.#buffer[at + 3] = value;
  }

  /** Makes room, and says where it is. */
  #advance(sizeBytes: number): number {
    const at = this.length;
    const end = at + sizeBytes;
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.length = end;
    return at;
  }
}
