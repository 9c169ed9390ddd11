import { decode } from '../../schemas/codec/codec.js';
import { eventHash } from '../../schemas/crypto/digests.js';
import { byteKeyOf } from './byteKeyOf.js';

/** What stands in the events topic against what execution says must stand there. */
export interface EventLedger {
  /** Events that a height must have. */
  expect(hashes: readonly Uint8Array[]): void;
  /** A record of the events topic, in any order to `expect`. */
  found(value: Uint8Array): void;
  /** Expected events that were not found. */
  missing(): number;
  /** Copies of events beyond the first. */
  repeated(): number;
  /** Events up to `height` that no execution made. */
  foreign(height: number): number;
}

/** Holds only the difference of both sides: what one has brought and the other not yet. */
export function createEventLedger(): EventLedger {
  const wanted = new Set<string>();
  const early = new Map<string, number>();
  const seen = new Set<string>();
  let repeats = 0;
  return {
    expect(hashes) {
      for (const hash of hashes) {
        const key = byteKeyOf(hash);
        if (!early.delete(key)) wanted.add(key);
      }
    },
    found(value) {
      const decoded = decode('EventsRecord', value);
      if (!decoded.ok || decoded.value.body.kind !== 'EventEnvelope') return;
      const key = byteKeyOf(eventHash(value));
      if (seen.has(key)) {
        repeats++;
        return;
      }
      seen.add(key);
      if (!wanted.delete(key)) early.set(key, decoded.value.body.height);
    },
    missing: () => wanted.size,
    repeated: () => repeats,
    foreign: (height) => [...early.values()].filter((of) => of <= height).length,
  };
}
