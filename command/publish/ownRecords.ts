import { equalBytes } from '../../schemas/kernel/bytes.js';
import { FOLLOWED_WINDOW_BYTES, FOLLOWED_WINDOW_EVENTS_MAX } from '../../schemas/limits.js';
import type { PublishableHeight } from '../ports.js';
import { type HeightMarks, marksOf } from './heightMarks.js';

/** The events of a height in one partition, as far as the log was seen to hold them. */
export interface OwnRecords {
  readonly height: number;
  readonly marks: HeightMarks;
  readonly values: readonly Uint8Array[];
  /** How many stood in the log one after the other, and their bytes. */
  count: number;
  sizeBytes: number;
}

/**
 * What a partition holds next by this validator's own certified heights; null where they are not at
 * hand. `after`: the height up to which everything stands there.
 */
export function nextOwnRecords(
  own: (height: number) => PublishableHeight | null,
  partition: number,
  after: number,
): OwnRecords | null {
  for (let at = after + 1; ; at++) {
    const height = own(at);
    if (height === null) return null;
    const values = height.events[partition];
    if (values === undefined) return null;
    if (values.length === 0) continue;
    return { height: at, marks: marksOf(height), values, count: 0, sizeBytes: 0 };
  }
}

/** Whether the log goes on with this value, by comparison alone. */
export function takeOwnRecord(records: OwnRecords, value: Uint8Array): boolean {
  const expected = records.values[records.count];
  if (expected === undefined || !equalBytes(expected, value)) return false;
  if (records.sizeBytes + value.length >= FOLLOWED_WINDOW_BYTES) return false;
  if (records.count >= FOLLOWED_WINDOW_EVENTS_MAX) return false;
  records.count++;
  records.sizeBytes += value.length;
  return true;
}
