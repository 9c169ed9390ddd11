import { BytesTap } from './bytesTap.js';

/**
 * Keeps many byte sequences that live and die together in few arrays. An array of its own for each
 * costs V8 a microsecond above 64 bytes, more than writing one. A view keeps its whole array alive.
 */
export class ByteArena {
  /** Writes the next value behind the last. */
  readonly tap = new BytesTap(new Uint8Array(0));
}
