import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { storedOutbox } from './storedOutbox.js';

const KEY = 'nullspace.outbox.aa';
let entries: Map<string, string>;
let isFull: boolean;

beforeEach(() => {
  entries = new Map();
  isFull = false;
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem(key: string, text: string) {
      if (isFull) throw new DOMException('full', 'QuotaExceededError');
      entries.set(key, text);
    },
    removeItem: (key: string) => entries.delete(key),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it('keeps envelopes in their order until they are removed', async () => {
  const outbox = storedOutbox('aa');
  await outbox.keep('1', Uint8Array.of(1));
  await outbox.keep('2', Uint8Array.of(2));
  await outbox.keep('1', Uint8Array.of(3));
  expect(await storedOutbox('aa').load()).toEqual([Uint8Array.of(2), Uint8Array.of(3)]);
  expect(await storedOutbox('bb').load()).toEqual([]);
  await outbox.remove('1');
  await outbox.remove('2');
  expect(entries.size).toBe(0);
});

it.each(['{garbage', 'null', '7', '{"id":"1"}', '[null]', '[{"id":"1","envelope":"x"}]'])(
  'sets an entry aside that says %s, tells it, and goes on empty',
  async (entry) => {
    entries.set(KEY, entry);
    const told: string[] = [];
    const outbox = storedOutbox('aa', { onUnreadable: (text) => told.push(text) });
    expect(await outbox.load()).toEqual([]);
    await outbox.keep('1', Uint8Array.of(1));
    expect(await outbox.load()).toEqual([Uint8Array.of(1)]);
    expect(told).toEqual([entry]);
    expect(entries.get(`${KEY}.unreadable`)).toBe(entry);
  },
);

it('goes on even where there is no room to set it aside', async () => {
  entries.set(KEY, '{garbage');
  isFull = true;
  expect(await storedOutbox('aa').load()).toEqual([]);
  expect(entries.size).toBe(0);
});
