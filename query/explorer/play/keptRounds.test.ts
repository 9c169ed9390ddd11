import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepRounds, keptRounds } from './keptRounds.js';
import type { PlayedRound } from './seat.js';

const round: PlayedRound = {
  ...{ commandId: 'ab'.repeat(32), height: 7, instruction: 'SpinRoulette', trouble: null },
  events: [{ kind: 'AccountCreated', by: new Uint8Array(32) }],
  checks: [{ name: 'The spin follows from the seed', passed: true, detail: '' }],
};

let entries: Map<string, string>;

beforeEach(() => {
  entries = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, text: string) => entries.set(key, text),
    removeItem: (key: string) => entries.delete(key),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it('keeps which commands were played, by account, and takes no verdict for granted', () => {
  keepRounds('aa', [round]);
  expect(keptRounds('aa')).toEqual([{ ...round, events: [], checks: null }]);
  expect(keptRounds('bb')).toEqual([]);
});

it.each(['{garbage', 'null', '{}', '[7]', '[{"commandId":"ab"}]'])(
  'goes on without what it cannot read, sets it aside and tells it: %s',
  (entry) => {
    entries.set('nullspace.rounds.aa', entry);
    let told = 0;
    expect(keptRounds('aa', () => told++)).toEqual([]);
    expect(told).toBe(1);
    expect([...entries]).toEqual([['nullspace.rounds.aa.unreadable', entry]]);
    keepRounds('aa', [round]);
    expect(keptRounds('aa')).toHaveLength(1);
  },
);

it('does without a storage that is full', () => {
  vi.stubGlobal('sessionStorage', {
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
  });
  expect(() => keepRounds('aa', [round])).not.toThrow();
});
