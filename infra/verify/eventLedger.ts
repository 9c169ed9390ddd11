import { decode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { byteKey } from '../../schemas/kernel/byteKey.js';
import type { HeightMark } from '../../schemas/types/event.js';
import { type Faults, recordPlace } from './faults.js';

/** What stands in the events topic against what execution says must stand there. */
export interface EventLedger {
  /** Events that a height must have, by partition; each partition with events needs a mark. */
  expect(height: number, hashes: readonly (readonly Uint8Array[])[]): void;
  /** A record of the events topic, after all heights were expected. */
  found(partition: number, offset: bigint, value: Uint8Array): void;
  /** Says what is missing; the counts are complete afterwards. */
  close(): void;
  /** Expected events and marks that were not found. */
  missing(): number;
  /** Copies of events beyond the first. */
  repeated(): number;
  /** Records that nobody certified, at heights up to the last expected one. */
  dropped(): number;
}

interface Place {
  readonly height: number;
  readonly partition: number;
}

/** Holds what is expected until it is found. `isProven` says whether a mark is a quorum's. */
export function createEventLedger(
  faults: Faults,
  isProven: (mark: HeightMark) => boolean,
): EventLedger {
  const wanted = new Map<string, Place>();
  const wantedMarks = new Map<string, Place>();
  const seen = new Set<string>();
  const counts = { missing: 0, repeated: 0, dropped: 0 };
  let lastHeight = 0;

  const drop = (place: string, what: string): void => {
    counts.dropped++;
    faults.add(place, what);
  };
  const onEvent = (place: string, partition: number, height: number, value: Uint8Array): void => {
    const key = byteKey(eventHash(value));
    if (seen.has(key)) {
      counts.repeated++;
      faults.add(place, `an event of height ${height} stands here again`);
      return;
    }
    const expected = wanted.get(key);
    if (expected?.partition === partition) {
      wanted.delete(key);
      seen.add(key);
    } else if (height <= lastHeight) {
      drop(place, `an event of height ${height} that no execution made`);
    }
  };
  const onMark = (place: string, partition: number, mark: HeightMark): void => {
    if (mark.partition === partition && isProven(mark)) {
      wantedMarks.delete(`${mark.height}/${partition}`);
    } else {
      drop(place, `a forged mark of height ${mark.height}`);
    }
  };
  const report = (rest: Map<string, Place>, what: string): void => {
    counts.missing += rest.size;
    for (const { height, partition } of rest.values()) {
      if (!faults.add(`height ${height}`, `${what} of events/${partition} is missing`)) return;
    }
  };
  return {
    expect(height, hashes) {
      lastHeight = height;
      for (const [partition, own] of hashes.entries()) {
        if (own.length > 0) wantedMarks.set(`${height}/${partition}`, { height, partition });
        for (const hash of own) wanted.set(byteKey(hash), { height, partition });
      }
    },
    found(partition, offset, value) {
      const place = recordPlace('events', partition, offset);
      const decoded = decode('EventsRecord', value);
      if (!decoded.ok) return drop(place, `not a record of this topic: ${decoded.reason}`);
      const { body } = decoded.value;
      if (body.kind === 'HeightMark') onMark(place, partition, body);
      else if (body.kind === 'EventEnvelope') onEvent(place, partition, body.height, value);
      else drop(place, 'an epoch that nobody began');
    },
    close() {
      report(wanted, 'an event');
      report(wantedMarks, 'the mark');
    },
    missing: () => counts.missing,
    repeated: () => counts.repeated,
    dropped: () => counts.dropped,
  };
}
