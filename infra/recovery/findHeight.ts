import { PUBLISH_TAIL_BLOCKS } from '../../schemas/limits.js';
import type { LogReader } from '../../schemas/log.js';
import { blockHeight, recordFrom } from '../verify/recordFrom.js';

/** Reading so many records too many costs less than looking once more. */
const CLOSE_OFFSETS = 64n;
/** Looks spread over all records, for what the highest height is. */
const SPREAD_LOOKS = 16n;

/** Where to read on, which is a hint: records are not verified here. */
export interface HeightPlace {
  readonly offset: bigint;
  /** The partition's first. */
  readonly first: bigint;
  /** The highest height that a record on the way said; 0 when none did. */
  readonly highest: number;
}

/**
 * Where in a `blocks` partition to read on behind a height, without reading what lies before it: by
 * halving, some twenty looks at a million records. As many records as a publisher may write again
 * are left before the place. Whoever wrote more than that again may have it lie too far behind, and
 * whoever wrote junk anywhere. @throws LogError
 */
export async function findHeight(
  reader: LogReader,
  topic: string,
  partition: number,
  height: number,
): Promise<HeightPlace> {
  const { first, end } = await reader.offsets(topic, partition);
  let highest = 0;
  const look = async (fromOffset: bigint): Promise<number | null> => {
    const record = await recordFrom(reader, { topic, partition, fromOffset }, end);
    const found = record === null ? null : blockHeight(record.value);
    highest = Math.max(highest, found ?? 0);
    return found;
  };
  let low = first;
  let high = end;
  for (let at = 1n; at < SPREAD_LOOKS && high - low > CLOSE_OFFSETS; at++) {
    await look(low + ((high - low) * at) / SPREAD_LOOKS);
  }
  while (high - low > CLOSE_OFFSETS) {
    const middle = (low + high) / 2n;
    const found = await look(middle);
    if (found !== null && found <= height) low = middle;
    else high = middle;
  }
  const offset = low - BigInt(PUBLISH_TAIL_BLOCKS);
  return { offset: offset < first ? first : offset, first, highest };
}
