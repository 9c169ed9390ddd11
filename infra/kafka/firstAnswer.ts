import { assert } from '../../schemas/kernel/assert.js';

/**
 * Asks one after the other until one answers: the next when the one before has failed, or has been
 * silent for `silenceMs`; that one may still answer first. For questions that change nothing.
 * @throws the error of the last one that failed
 */
export function firstAnswer<Answer>(
  asks: readonly (() => Promise<Answer>)[],
  silenceMs: number,
): Promise<Answer> {
  assert(asks.length > 0, 'somebody is asked');
  return new Promise((resolve, reject) => {
    let asked = 0;
    let failed = 0;
    let silence: NodeJS.Timeout | undefined;
    const askNext = (): void => {
      clearTimeout(silence);
      const ask = asks[asked];
      if (ask === undefined) return;
      asked += 1;
      silence = setTimeout(askNext, silenceMs);
      ask().then(
        (answer) => {
          clearTimeout(silence);
          asked = asks.length;
          resolve(answer);
        },
        (error: unknown) => {
          failed += 1;
          if (failed === asks.length) reject(error);
          else if (failed === asked) askNext();
        },
      );
    };
    askNext();
  });
}
