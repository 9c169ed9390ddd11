import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentSet } from './recentSet.js';

test('holds the newest entries, and none older than twice as many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(20)), (entriesMin, added) => {
      const set = new RecentSet<number>(entriesMin);
      for (const entry of added) set.add(entry);
      const newest = added.slice(-entriesMin);
      expect(newest.every((entry) => set.has(entry))).toBe(true);
      const held = [...new Set(added)].filter((entry) => set.has(entry));
      expect(held.length).toBeLessThanOrEqual(2 * entriesMin);
    }),
  );
});
