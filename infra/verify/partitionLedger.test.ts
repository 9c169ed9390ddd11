import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { present } from '../../schemas/kernel/assert.js';
import { uint32 } from '../../schemas/kernel/bytes.js';
import { VERIFY_OVERTAKEN_HEIGHTS_MAX, VERIFY_REMEMBERED_HEIGHTS } from '../../schemas/limits.js';
import { missingEvents, PartitionLedger } from './partitionLedger.js';

const COUNTS = [3, 1, 4, 2];
const valuesOf = (height: number, count = 2): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => uint32(100 * height + i));

/** A ledger that writes down what is missing, as heights and numbers of events. */
function ledger() {
  const missing: [height: number, events: number][] = [];
  const partition = new PartitionLedger((expected) =>
    missing.push([expected.height, missingEvents(expected)]),
  );
  return { partition, missing };
}

type Step = { readonly height: number; readonly value: Uint8Array | null };

const steps: readonly Step[] = COUNTS.flatMap((count, height) => [
  ...valuesOf(height, count).map((value) => ({ height, value })),
  { height, value: null },
]);

function apply(partition: PartitionLedger, { height, value }: Step): void {
  if (value === null) partition.mark(height);
  else if (!partition.takeNext(value)) expect(partition.take(height, value)).toBe('expected');
}

describe('the events of a partition', () => {
  it('are all found, in whatever order they and their marks stand', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...steps], { minLength: steps.length }), (order) => {
        const { partition, missing } = ledger();
        for (const [height, count] of COUNTS.entries()) {
          partition.expect(height, valuesOf(height, count));
        }
        for (const step of order) apply(partition, step);
        partition.end();
        expect(missing).toEqual([]);
        const first = present(valuesOf(0)[0], 'event');
        expect(partition.take(0, first)).toBe('found before');
        expect(partition.take(1, first)).toBe('unknown');
      }),
    );
  });

  it('are missed one by one, and a height without its mark too', () => {
    fc.assert(
      fc.property(fc.subarray([...steps]), (found) => {
        const { partition, missing } = ledger();
        for (const [height, count] of COUNTS.entries()) {
          partition.expect(height, valuesOf(height, count));
        }
        for (const step of found) apply(partition, step);
        partition.end();
        const expected = COUNTS.flatMap((count, height) => {
          const own = found.filter((step) => step.height === height);
          const events = count - own.filter(({ value }) => value !== null).length;
          const isMarked = own.some(({ value }) => value === null);
          return events === 0 && isMarked ? [] : [[height, events]];
        });
        expect(missing).toEqual(expected);
      }),
    );
  });

  it('of complete heights are forgotten but for the newest', () => {
    const { partition, missing } = ledger();
    const heights = 3 * VERIFY_REMEMBERED_HEIGHTS;
    for (let height = 0; height < heights; height++) {
      partition.expect(height, valuesOf(height));
      for (const value of valuesOf(height)) expect(partition.takeNext(value)).toBe(true);
      partition.mark(height);
    }
    const again = (height: number) => partition.take(height, present(valuesOf(height)[1], 'event'));
    expect(again(heights - 1)).toBe('found before');
    expect(again(heights - VERIFY_REMEMBERED_HEIGHTS)).toBe('found before');
    expect(again(0)).toBe('unknown');
    expect(missing).toEqual([]);
  });

  it('that are overtaken too far are given up', () => {
    const { partition, missing } = ledger();
    for (let height = 0; height <= VERIFY_OVERTAKEN_HEIGHTS_MAX + 1; height++) {
      partition.expect(height, valuesOf(height));
    }
    partition.mark(VERIFY_OVERTAKEN_HEIGHTS_MAX);
    expect(missing).toEqual([]);
    partition.mark(VERIFY_OVERTAKEN_HEIGHTS_MAX + 1);
    expect(missing).toEqual([[0, 2]]);
  });
});
