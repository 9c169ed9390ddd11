import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchSilence } from './silenceWatch.js';

/** What others say of a broker, one look after the other; then the last for ever. */
function watch(said: readonly (boolean | Error)[]) {
  let looks = 0;
  let left = 0;
  const isGone = async (): Promise<boolean> => {
    const word = said[Math.min(looks++, said.length - 1)];
    if (word instanceof Error) throw word;
    return word === true;
  };
  const end = watchSilence(isGone, () => left++, 10, 10);
  return { end, looks: () => looks, left: () => left };
}

describe('a watch over a silent broker', () => {
  it('leaves one that the others do not name any more, once', async () => {
    const watched = watch([false, new Error('nobody answers'), true]);
    while (watched.left() === 0) await sleep(5);
    await sleep(50);
    expect(watched.left()).toBe(1);
    expect(watched.looks()).toBe(3);
  });

  it('waits for one that is only slow', async () => {
    const watched = watch([false]);
    while (watched.looks() < 4) await sleep(5);
    watched.end();
    expect(watched.left()).toBe(0);
  });

  it('asks nobody about one that answers soon, and forgets what it hears too late', async () => {
    const soon = watch([true]);
    soon.end();
    let answer: (gone: boolean) => void = () => {};
    let left = 0;
    const slow = watchSilence(
      () => new Promise((resolve) => (answer = resolve)),
      () => left++,
      1,
      1,
    );
    await sleep(30);
    slow();
    answer(true);
    await sleep(10);
    expect([soon.looks(), left]).toEqual([0, 0]);
  });
});
