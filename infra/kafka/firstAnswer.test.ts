import { describe, expect, it } from 'vitest';
import { firstAnswer } from './firstAnswer.js';

const never = (): Promise<string> => new Promise(() => {});
const answers = (text: string) => (): Promise<string> => Promise.resolve(text);
const fails = (text: string) => (): Promise<string> => Promise.reject(new Error(text));

describe('the first answer', () => {
  it('is that of the first one asked, and nobody else is asked', async () => {
    let asked = 0;
    const other = (): Promise<string> => Promise.resolve(String(++asked));
    expect(await firstAnswer([answers('one'), other], 1)).toBe('one');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(0);
  });

  it('is that of the next one when one fails, at once, or is silent', async () => {
    expect(await firstAnswer([fails('a'), answers('two')], 60_000)).toBe('two');
    expect(await firstAnswer([never, fails('a'), answers('three')], 5)).toBe('three');
  });

  it('may come late, from one that was silent', async () => {
    const late = (): Promise<string> =>
      new Promise((resolve) => setTimeout(() => resolve('late'), 30));
    expect(await firstAnswer([late, fails('a')], 5)).toBe('late');
  });

  it('is an error when all have failed', async () => {
    await expect(firstAnswer([fails('a'), fails('b')], 5)).rejects.toThrow('b');
  });
});
