import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LowestFirst } from './lowestFirst.js';

const numbers = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 60 });

it('gives back what was put in, the lowest first, whatever was put and taken before', () => {
  fc.assert(
    fc.property(
      numbers,
      fc.nat({ max: 20 }),
      numbers,
      fc.boolean(),
      (first, takes, more, keeps) => {
        const heap = new LowestFirst();
        for (const number of first) heap.add(number);
        for (let take = 0; take < takes; take++) heap.takeLowest();
        let left = first.toSorted((a, b) => a - b).slice(takes);
        if (keeps) {
          left = left.filter((number) => number % 2 === 0).toReversed();
          heap.keep(left);
        }
        for (const number of more) heap.add(number);
        const expected = [...left, ...more].toSorted((a, b) => a - b);
        expect(heap.size).toBe(expected.length);
        for (const number of expected) {
          expect(heap.lowest).toBe(number);
          heap.takeLowest();
        }
        expect([heap.size, heap.lowest]).toEqual([0, undefined]);
      },
    ),
  );
});
