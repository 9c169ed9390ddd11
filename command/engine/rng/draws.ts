import { DOMAIN } from '../../../schemas/crypto/domain.js';
import { type Hmac, hmacSha256, hmacSha256Each } from '../../../schemas/crypto/hmac.js';
import { assert, fail } from '../../../schemas/kernel/assert.js';
import { ascii, concatBytes, readUint32, writeUint32 } from '../../../schemas/kernel/bytes.js';

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
  const hmacs = hmacSha256Each(seed);
  const ofPurpose = new Map<string, FirstBlocks>();
  return (place) => {
    const { purpose } = place;
    let first = ofPurpose.get(purpose);
    if (first === undefined) {
      first = new FirstBlocks(hmacs, purpose);
      ofPurpose.set(purpose, first);
    }
    return stream(hmac, first, place);
  };
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const SHARD_AT = DOMAIN.random.length;
const EXECUTION_INDEX_AT = SHARD_AT + WORD_BYTES;
const BLOCK_BYTES = 32;
/** Commands in a row whose block(0) is made at once, which costs as much as four one by one. */
const AHEAD = 16;

/** block(0) of commands, for one purpose. */
class FirstBlocks {
  /** One behind the other. */
  blocks = NO_BYTES;
  private shard = 0;
  private from = 0;
  private readonly messages: readonly Uint8Array[];

  constructor(
    private readonly hmacs: (messages: readonly Uint8Array[]) => Uint8Array,
    purpose: string,
  ) {
    this.messages = Array.from({ length: AHEAD }, () => messageOf(purpose));
  }

  /** Where the command's block begins in `blocks`. */
  find(shard: number, executionIndex: number): number {
    const ahead = executionIndex - this.from;
    const known = this.blocks !== NO_BYTES && shard === this.shard && ahead >= 0 && ahead < AHEAD;
    if (known) return ahead * BLOCK_BYTES;
    for (const [i, message] of this.messages.entries()) {
      writePlace(message, shard, executionIndex + i, 0);
    }
    this.blocks = this.hmacs(this.messages);
    this.shard = shard;
    this.from = executionIndex;
    return 0;
  }
}

/** With room for the numbers, which `writePlace` fills in. */
function messageOf(purpose: string): Uint8Array {
  const name = ascii(purpose);
  assert(name.length < 256, 'purpose over 255 bytes');
  const [numbers, counter] = [new Uint8Array(2 * WORD_BYTES), new Uint8Array(WORD_BYTES)];
  return concatBytes(DOMAIN.random, numbers, Uint8Array.of(name.length), name, counter);
}

function writePlace(
  message: Uint8Array,
  shard: number,
  executionIndex: number,
  counter: number,
): void {
  writeUint32(shard, message, SHARD_AT);
  writeUint32(executionIndex, message, EXECUTION_INDEX_AT);
  writeUint32(counter, message, message.length - WORD_BYTES);
}

function stream(hmac: Hmac, first: FirstBlocks, place: DrawPlace): Draw {
  const { shard, executionIndex } = place;
  let counter = 0;
  let block = NO_BYTES;
  let offset = 0;
  let end = 0;
  const word = () => {
    if (offset === end) {
      if (counter === 0) {
        offset = first.find(shard, executionIndex);
        block = first.blocks;
      } else {
        offset = 0;
        block = laterBlock(hmac, place, counter);
      }
      end = offset + BLOCK_BYTES;
      counter++;
    }
    offset += WORD_BYTES;
    return readUint32(block, offset - WORD_BYTES);
  };
  return (count) => {
    if (!Number.isInteger(count) || count < 1 || count > TWO_TO_32) fail(`bad count: ${count}`);
    const limit = TWO_TO_32 - (TWO_TO_32 % count);
    let drawn = word();
    while (drawn >= limit) drawn = word();
    return drawn % count;
  };
}

function laterBlock(hmac: Hmac, { shard, executionIndex, purpose }: DrawPlace, counter: number) {
  const message = messageOf(purpose);
  writePlace(message, shard, executionIndex, counter);
  return hmac(message);
}
