import { BytesTap } from '../../schemas/codec/bytesTap.js';
import { FRAME_HEADER_BYTES } from '../../schemas/codec/codec.js';
import { assert } from '../../schemas/kernel/assert.js';

/**
 * Key of an event's record: the key of the event itself. Reads the head of the value only, which
 * the engine has written; a view of it.
 */
export function eventKey(value: Uint8Array): Uint8Array {
  const tap = new BytesTap(value);
  tap.views = true;
  tap.pos = FRAME_HEADER_BYTES;
  // EventEnvelope is the first branch of the record's body.
  assert(tap.readLong() === 0, 'only events have keys');
  tap.skipLong(); // shard
  tap.skipLong(); // partition
  tap.skipLong(); // height
  tap.skipLong(); // executionIndex
  tap.skipLong(); // eventIndex
  tap.skipLong(); // keySequence
  tap.skipLong(); // timestampMs
  return tap.readBytes();
}
