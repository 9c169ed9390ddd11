import { expect, it } from 'vitest';
import { bytesWithin } from './bytesWithin.js';

function streamOf(...parts: readonly (readonly number[])[]) {
  let cancelled = false;
  let at = 0;
  const reader = {
    async read() {
      const part = parts[at++];
      return part === undefined ? { done: true } : { done: false, value: Uint8Array.from(part) };
    },
    async cancel() {
      cancelled = true;
    },
  };
  return { stream: { getReader: () => reader }, isCancelled: () => cancelled, taken: () => at };
}

it('gives all of a stream that is short enough', async () => {
  const { stream, isCancelled } = streamOf([1, 2], [], [3]);
  expect(await bytesWithin(stream, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(isCancelled()).toBe(false);
  expect(await bytesWithin(null, 3)).toEqual(new Uint8Array(0));
});

it('cancels one that is longer, and takes no more of it', async () => {
  const { stream, isCancelled, taken } = streamOf([1, 2], [3], [4, 5], [6]);
  expect(await bytesWithin(stream, 3)).toBeNull();
  expect([isCancelled(), taken()]).toEqual([true, 3]);
});
