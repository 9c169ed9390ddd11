import { readEventHead } from '../../projections/runner/eventHead.js';
import { decode } from '../../schemas/codec/codec.js';
import { present } from '../../schemas/kernel/assert.js';
import type { EpochStart } from '../../schemas/types/block.js';
import type { HeightMark } from '../../schemas/types/event.js';
import { type Faults, recordPlace } from './faults.js';
import { type ExpectedHeight, missingEvents, PartitionLedger } from './partitionLedger.js';

/** What stands in the events topic against what execution says must stand there. */
export class EventLedger {
  /** Expected events and marks that were not found; complete when every partition has ended. */
  missing = 0;
  /** Copies of events beyond the first. */
  repeated = 0;
  /** Records that nobody certified, at heights up to the last expected one. */
  dropped = 0;
  readonly #partitions: readonly PartitionLedger[];
  /** The highest that was expected. */
  lastHeight = 0;
  readonly #ended = new Set<number>();
  #expectsMore = true;

  /**
   * `isProven` says whether a mark is a quorum's, `isBegun` whether an epoch has begun. `isWhole`:
   * what stands behind the last height was written since, and does not matter; else nothing may
   * stand there.
   */
  constructor(
    eventPartitions: number,
    private readonly faults: Faults,
    private readonly isProven: (mark: HeightMark) => boolean,
    private readonly isBegun: (start: EpochStart) => boolean,
    private readonly isWhole = true,
  ) {
    this.#partitions = Array.from({ length: eventPartitions }, (_, partition) => {
      return new PartitionLedger((expected) => this.#reportMissing(partition, expected));
    });
  }

  /** Heights ascend. Values by partition, in order; each partition with events needs a mark. */
  expect(height: number, values: readonly (readonly Uint8Array[])[]): void {
    this.lastHeight = height;
    for (const [partition, own] of values.entries()) {
      if (own.length === 0) continue;
      const ledger = this.#partition(partition);
      ledger.expect(height, own);
      if (this.#ended.has(partition)) ledger.end();
    }
  }

  /** No higher one will be expected. */
  expectNoMore(): void {
    this.#expectsMore = false;
  }

  /** A record of the events topic. Answers a height that has to be expected first, else null. */
  found(partition: number, offset: bigint, value: Uint8Array): number | null {
    const ledger = this.#partition(partition);
    if (ledger.takeNext(value)) return null;
    const head = readEventHead(value);
    if (head !== null && this.#isAhead(head.height)) return head.height;
    const place = recordPlace('events', partition, offset);
    const decoded = decode('EventsRecord', value);
    if (!decoded.ok) return this.#drop(place, `not a record of this topic: ${decoded.reason}`);
    const { body } = decoded.value;
    if (body.kind === 'EpochStart') {
      if (this.#isAhead(body.firstHeight - 1)) return body.firstHeight - 1;
      return this.isBegun(body) ? null : this.#drop(place, 'an epoch that nobody began');
    }
    if (body.kind === 'EventEnvelope') {
      const isSince = this.isWhole && body.height > this.lastHeight;
      return isSince ? null : this.#take(ledger, place, body.height, value);
    }
    if (this.#isAhead(body.height)) return body.height;
    if (body.partition !== partition || !this.isProven(body)) {
      return this.#drop(place, `a forged mark of height ${body.height}`);
    }
    ledger.mark(body.height);
    return null;
  }

  /** The partition holds no other records: what is or will be expected of it is missing. */
  ended(partition: number): void {
    this.#ended.add(partition);
    this.#partition(partition).end();
  }

  #partition(partition: number): PartitionLedger {
    return present(this.#partitions[partition], 'partition');
  }

  #isAhead(height: number): boolean {
    return this.#expectsMore && height > this.lastHeight;
  }

  #take(ledger: PartitionLedger, place: string, height: number, value: Uint8Array): null {
    const match = ledger.take(height, value);
    if (match === 'unknown') {
      return this.#drop(place, `an event of height ${height} that no execution made`);
    }
    if (match === 'found before') {
      this.repeated++;
      this.faults.add(place, `an event of height ${height} stands here again`);
    }
    return null;
  }

  #drop(place: string, what: string): null {
    this.dropped++;
    this.faults.add(place, what);
    return null;
  }

  #reportMissing(partition: number, expected: ExpectedHeight): void {
    const events = missingEvents(expected);
    this.missing += events + (expected.isMarked ? 0 : 1);
    const place = `height ${expected.height}`;
    for (let i = 0; i < events; i++) {
      if (!this.faults.add(place, `an event of events/${partition} is missing`)) return;
    }
    if (!expected.isMarked) this.faults.add(place, `the mark of events/${partition} is missing`);
  }
}
