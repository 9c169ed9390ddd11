import { expect, it } from 'vitest';
import { isLoopback } from '../websocket/playerPath.js';
import { createAddressTurns } from './addressTurns.js';

it('has one address wait, in order, and others not, and refuses what is too much', async () => {
  const turns = createAddressTurns(isLoopback, 2, 3);
  const ended: string[] = [];
  const open = new Map<string, () => void>();
  const read = (address: string, name: string) =>
    turns
      .run(address, () => new Promise<void>((resolve) => open.set(name, resolve)))
      .then((done) => ended.push(done === null ? `${name} refused` : name));
  const reads = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => read('2001:db8::1', name));
  reads.push(read('203.0.113.7', 'other'), read('127.0.0.1', 'own'));
  // Another address of the same customer.
  reads.push(read('2001:db8::2', 'g'));
  await Promise.resolve();
  expect([...open.keys()]).toEqual(['a', 'b', 'other', 'own']);
  for (const name of ['other', 'own', 'b', 'a', 'c', 'd', 'e']) {
    await expect.poll(() => open.has(name)).toBe(true);
    open.get(name)?.();
    await expect.poll(() => ended.includes(name)).toBe(true);
  }
  await Promise.all(reads);
  expect(ended).toEqual(['f refused', 'g refused', 'other', 'own', 'b', 'a', 'c', 'd', 'e']);
});

it('gives a turn back when a read fails', async () => {
  const turns = createAddressTurns(isLoopback, 1, 1);
  const fail = async (): Promise<void> => {
    throw new Error('no');
  };
  await expect(turns.run('203.0.113.7', fail)).rejects.toThrow('no');
  expect(await turns.run('203.0.113.7', async () => 7)).toBe(7);
});
