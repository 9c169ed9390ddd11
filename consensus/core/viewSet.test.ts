import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ViewSet } from './viewSet.js';

test('a view set answers as a plain set does', () => {
  const operation = fc.tuple(fc.constantFrom('add', 'add', 'add', 'cut'), fc.nat({ max: 30 }));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const runs = new ViewSet();
      const plain = new Set<number>();
      for (const [kind, view] of operations) {
        if (kind === 'add') {
          runs.add(view);
          plain.add(view);
        } else {
          runs.removeUpTo(view);
          for (const member of [...plain]) if (member <= view) plain.delete(member);
        }
        for (let at = 0; at <= 31; at++) {
          const below = [...plain].filter((member) => member <= at);
          let gap = at;
          while (plain.has(gap)) gap--;
          expect(runs.has(at)).toBe(plain.has(at));
          expect(runs.highestUpTo(at)).toBe(below.length === 0 ? null : Math.max(...below));
          expect(runs.highestGapUpTo(at)).toBe(gap);
        }
      }
    }),
  );
});
