import { expect, it } from 'vitest';
import { lastHeardText } from './lastHeard.js';

it('says nothing while the page follows', () => {
  expect(lastHeardText({ status: 'live', heardAtMs: 100_000 }, 110_000)).toBeNull();
});

it.each(['connecting', 'reconnecting', 'paused'] as const)(
  'says how old all is while %s',
  (status) => {
    expect(lastHeardText({ status, heardAtMs: 100_000 }, 105_000)).toBe('5 s ago');
    expect(lastHeardText({ status, heardAtMs: 0 }, 105_000)).toBe('not yet');
  },
);

it('says so too when a heartbeat is overdue on a connection that looks alive', () => {
  expect(lastHeardText({ status: 'live', heardAtMs: 100_000 }, 125_000)).toBe('25 s ago');
});
