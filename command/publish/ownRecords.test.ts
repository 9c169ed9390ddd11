import { expect, it } from 'vitest';
import { FOLLOWED_WINDOW_EVENTS_MAX } from '../../schemas/limits.js';
import type { OwnRecords } from './ownRecords.js';
import { takeOwnRecord } from './ownRecords.js';

it('takes no more events of a height before its mark than a reader keeps', () => {
  const value = Uint8Array.of(1, 2, 3);
  const values = Array.from({ length: FOLLOWED_WINDOW_EVENTS_MAX + 1 }, () => value);
  const records = { height: 1, values, count: 0, sizeBytes: 0 } as unknown as OwnRecords;
  let taken = 0;
  while (takeOwnRecord(records, value)) taken++;
  expect(taken).toBe(FOLLOWED_WINDOW_EVENTS_MAX);
});
