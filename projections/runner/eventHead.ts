import { BytesTap, DecodeError } from '../../schemas/codec/bytesTap.js';
import { FRAME_HEADER_BYTES, framedName } from '../../schemas/codec/codec.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';

/** Where an event claims to belong: the first fields of an EventEnvelope. */
export interface EventHead {
  readonly shard: number;
  readonly partition: number;
  readonly height: number;
}

/** Branch of EventEnvelope in the body of an EventsRecord (schemas/avro/event). */
const EVENT_BRANCH = 0;

/** One for all, because every event of a log passes here. */
const tap = new BytesTap(new Uint8Array(0));

/**
 * The head of a framed event, without decoding the rest: most records are events, and only those
 * that a mark lists are worth the whole work. Null when the record is no event. Total.
 */
export function readEventHead(value: Uint8Array): EventHead | null {
  if (value.length > MAX_FRAME_BYTES || framedName(value) !== 'EventsRecord') return null;
  tap.buf = value;
  tap.pos = FRAME_HEADER_BYTES;
  try {
    if (tap.readLong() !== EVENT_BRANCH) return null;
    return { shard: tap.readInt(), partition: tap.readInt(), height: tap.readLong() };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
