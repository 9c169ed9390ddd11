import { BytesTap } from '../../../schemas/codec/bytesTap.js';
import { FRAME_HEADER_BYTES } from '../../../schemas/codec/codec.js';

/**
 * The account of a command's receipt, or null when this value of the events topic is another event:
 * the receipt is the first event of its command and the first of its key. Reads the head of the
 * record only, since decoding every event whole would make the load client the bottleneck.
 */
export function receiptAccount(value: Uint8Array): Uint8Array | null {
  const tap = new BytesTap(value);
  tap.pos = FRAME_HEADER_BYTES;
  if (tap.readLong() !== 0) return null; // EventEnvelope is the first branch of the record's body.
  tap.readInt(); // shard
  tap.readInt(); // partition
  tap.readLong(); // height
  tap.readInt(); // executionIndex
  if (tap.readInt() !== 0) return null; // eventIndex
  tap.readLong(); // keySequence
  tap.readLong(); // timestampMs
  const key = tap.readBytes();
  return tap.readLong() <= RECEIPTS_LAST_BRANCH ? key : null;
}

/** CommandExecuted and CommandRefused are the first two branches of an event's body. */
const RECEIPTS_LAST_BRANCH = 1;
