import { expect, it } from 'vitest';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { engineGenesis } from '../../../test/simulation/engineChain.js';
import { hiLoCard, hiLoStep } from '../verify/hiLoOutcome.js';
import { checkRound, type RoundChecking } from './checkRound.js';

const seed = new Uint8Array(32).fill(7);
const place = { seed, shard: 0, executionIndex: 1 };
const card = hiLoCard(place);

function end(body: object): Parameters<typeof checkRound>[0] {
  const event = { shard: 0, executionIndex: 1, body } as unknown as EventEnvelope;
  const certificate = { result: { seed, engineVersion: 1 }, signatures: [] };
  return { events: [event], certificate } as unknown as Parameters<typeof checkRound>[0];
}

it('checks each step of hi-lo by the one before, of its own game', async () => {
  const checking = { account: 'aa', genesis: engineGenesis, steps: new Map() };
  const isRight = async (body: object) => {
    const checks = await checkRound(end(body), checking as unknown as RoundChecking);
    return checks.every(({ passed }) => passed);
  };
  expect(await isRight({ kind: 'HiLoStarted', game: 4, card, stake: 50n, worth: 50n })).toBe(true);
  const other = (card + 1) % 52;
  expect(await isRight({ kind: 'HiLoStarted', game: 5, card: other, stake: 9n, worth: 9n })).toBe(
    false,
  );
  const step = hiLoStep(place, { card, worth: 50n }, 'SAME', engineGenesis.hiLo);
  const guessed = { kind: 'HiLoGuessed', game: 4, guess: 'SAME', ...step };
  expect(await isRight(guessed)).toBe(true);
  expect(await isRight({ ...guessed, worth: step.worth + 1n })).toBe(false);
});
