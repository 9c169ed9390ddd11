import { BytesTap, DecodeError } from '../schemas/codec/bytesTap.js';
import { FRAME_HEADER_BYTES, framedName } from '../schemas/codec/codec.js';

/** What a block's items hold. */
export interface ItemCounts {
  readonly envelopes: number;
  /** Ignored ones too. */
  readonly commands: number;
  readonly bytes: number;
}

const HASH_BYTES = 32;
const counted = new WeakMap<readonly Uint8Array[], ItemCounts>();

/**
 * Commands of a framed Envelope (schemas/avro/command): it begins with chainId, shard, signer,
 * expiresAtMs and the length of the list. Null when the bytes end before.
 */
function commandCount(envelope: Uint8Array): number | null {
  const tap = new BytesTap(envelope);
  tap.pos = FRAME_HEADER_BYTES + HASH_BYTES;
  try {
    tap.readInt();
    tap.pos += HASH_BYTES;
    tap.readLong();
    return tap.readLong();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** Counts without opening envelopes: a quorum has checked each. Computed once for each block. */
export function countItems(items: readonly Uint8Array[]): ItemCounts {
  const known = counted.get(items);
  if (known !== undefined) return known;
  const counts = { envelopes: 0, commands: 0, bytes: 0 };
  for (const item of items) {
    counts.bytes += item.length;
    if (framedName(item) !== 'Envelope') continue;
    const commands = commandCount(item);
    if (commands === null) continue; // it holds no command that could execute
    counts.envelopes += 1;
    counts.commands += commands;
  }
  counted.set(items, counts);
  return counts;
}
