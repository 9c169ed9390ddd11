import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentMap } from './recentMap.js';

it('answers as a map does whose first entry is dropped when there are too many', () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), key: fc.nat({ max: 12 }), value: fc.nat() }),
    fc.record({ kind: fc.constant('delete' as const), key: fc.nat({ max: 12 }) }),
    fc.record({ kind: fc.constant('dropOldest' as const) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(action), (entriesMax, actions) => {
      const recent = new RecentMap<number, number>(entriesMax);
      const model = new Map<number, number>();
      const first = () => [...model][0] ?? null;
      for (const one of actions) {
        if (one.kind === 'set') {
          recent.set(one.key, one.value);
          model.set(one.key, one.value);
          if (model.size > entriesMax) model.delete(first()?.[0] ?? -1);
        } else if (one.kind === 'delete') {
          expect(recent.delete(one.key)).toBe(model.delete(one.key));
        } else {
          recent.dropOldest();
          model.delete(first()?.[0] ?? -1);
        }
        expect(recent.oldest()).toEqual(first());
        expect(recent.size).toBe(model.size);
        for (let key = 0; key <= 12; key++) expect(recent.get(key)).toBe(model.get(key));
      }
    }),
  );
});
