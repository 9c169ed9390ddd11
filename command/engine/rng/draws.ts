import { DOMAIN } from '../../../schemas/crypto/domain.js';
import { type Hmac, hmacSha256 } from '../../../schemas/crypto/hmac.js';
import { assert } from '../../../schemas/kernel/assert.js';
import { ascii, concatBytes, readUint32, uint32 } from '../../../schemas/kernel/bytes.js';

const WORD_BYTES = 4;
const TWO_TO_32 = 2 ** 32;

/** Where a number comes from: nothing but public data. */
export interface DrawPlace {
  readonly shard: number;
  readonly executionIndex: number;
  /** ASCII, at most 255 characters: what is drawn. One purpose is one stream. */
  readonly purpose: string;
}

/** The next number of a stream, uniform over 0 to count - 1. */
export type Draw = (count: number) => number;

/** All draws of a block. The key's pads are prepared once. */
export type BlockDraws = (place: DrawPlace) => Draw;

/**
 * Randomness of a block from its seed, as the README of the engine documents it for strangers:
 *
 *   block(i) = HMAC-SHA-256(seed, tag ‖ uint32 shard ‖ uint32 executionIndex ‖
 *              byte length of purpose ‖ purpose ‖ uint32 i),   i = 0, 1, …
 *
 * The blocks are one stream of big-endian 32-bit words. A word is used if it is below the largest
 * multiple of `count` that fits 32 bits, and skipped otherwise, so that no number is favoured
 * (rejection sampling; Lemire, "Fast Random Integer Generation in an Interval", 2019, section 2).
 */
export function blockDraws(seed: Uint8Array): BlockDraws {
  const hmac = hmacSha256(seed);
  return (place) => stream(hmac, place);
}

function stream(hmac: Hmac, place: DrawPlace): Draw {
  const purpose = ascii(place.purpose);
  assert(purpose.length < 256, 'purpose over 255 bytes');
  const message = concatBytes(
    DOMAIN.random,
    uint32(place.shard),
    uint32(place.executionIndex),
    Uint8Array.of(purpose.length),
    purpose,
    uint32(0),
  );
  let counter = 0;
  let block = new Uint8Array(0);
  let offset = 0;
  const word = () => {
    if (offset === block.length) {
      message.set(uint32(counter), message.length - WORD_BYTES);
      block = Uint8Array.from(hmac(message));
      counter++;
      offset = 0;
    }
    offset += WORD_BYTES;
    return readUint32(block, offset - WORD_BYTES);
  };
  return (count) => {
    assert(Number.isInteger(count) && count >= 1 && count <= TWO_TO_32, `bad count: ${count}`);
    const limit = TWO_TO_32 - (TWO_TO_32 % count);
    let drawn = word();
    while (drawn >= limit) drawn = word();
    return drawn % count;
  };
}
