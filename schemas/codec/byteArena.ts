const FIRST_CHUNK_BYTES = 4 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;

/**
 * Keeps many byte sequences that live and die together in few arrays. An array of its own for each
 * costs V8 a microsecond above 64 bytes, more than writing one. A view keeps its whole chunk alive.
 */
export class ByteArena {
  private chunk = new Uint8Array(0);
  private used = 0;

  /** A copy of the first `length` bytes of `source`. */
  copy(source: Uint8Array, length: number): Uint8Array {
    if (this.used + length > this.chunk.length) this.grow(length);
    const start = this.used;
    this.used += length;
    const place = this.chunk.subarray(start, this.used);
    for (let i = 0; i < length; i++) place[i] = source[i]!;
    return place;
  }

  private grow(length: number): void {
    const doubled = Math.max(FIRST_CHUNK_BYTES, Math.min(2 * this.chunk.length, CHUNK_BYTES_MAX));
    this.chunk = new Uint8Array(Math.max(doubled, length));
    this.used = 0;
  }
}
