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
  /** Whether it is one that is waited for: its hash says so, and it need not be decoded. */
  const takeWanted = (partition: number, key: string): boolean => {
    if (wanted.get(key)?.partition !== partition) return false;
    wanted.delete(key);
    seen.add(key);
    return true;
  };
  const onOtherEvent = (place: string, height: number, key: string): void => {
    if (seen.has(key)) {
      counts.repeated++;
      faults.add(place, `an event of height ${height} stands here again`);
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
  return {
    expect(height, hashes) {
      lastHeight = height;
      for (const [partition, own] of hashes.entries()) {
        const place = { height, partition };
        if (own.length > 0) wantedMarks.set(`${height}/${partition}`, place);
        for (const hash of own) wanted.set(byteKey(hash), place);
      }
    },
    found(partition, offset, value) {
      const key = byteKey(eventHash(value));
      if (takeWanted(partition, key)) return;
      const place = recordPlace('events', partition, offset);
      const decoded = decode('EventsRecord', value);
      if (!decoded.ok) return drop(place, `not a record of this topic: ${decoded.reason}`);
      const { body } = decoded.value;
      if (body.kind === 'HeightMark') onMark(place, partition, body);
      else if (body.kind === 'EventEnvelope') onOtherEvent(place, body.height, key);
      else drop(place, 'an epoch that nobody began');
    },
    close() {
      counts.missing = wanted.size + wantedMarks.size;
      reportMissing(faults, wanted, 'an event');
      reportMissing(faults, wantedMarks, 'the mark');
    },
    missing: () => counts.missing,
    repeated: () => counts.repeated,
    dropped: () => counts.dropped,
  };
}

function reportMissing(faults: Faults, rest: ReadonlyMap<string, Place>, what: string): void {
  for (const { height, partition } of rest.values()) {
    if (!faults.add(`height ${height}`, `${what} of events/${partition} is missing`)) return;
  }
}
