import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../schemas/types/event.js';
import { gamesAfter, gamesOf, type OpenGame } from './seat.js';

const open = (game: number, ...cards: number[]): OpenGame => {
  return { game, stake: 50n, worth: 50n, cards };
};
const events = (...bodies: object[]): EventEnvelope[] =>
  bodies.map((body) => ({ body }) as EventEnvelope);

describe('open games', () => {
  it('wait for the newest one to end, and are shown then', () => {
    const seat = gamesOf({ game: null, waiting: [] }, [open(7, 3), open(5, 9)]);
    expect(seat).toEqual({ game: open(7, 3), waiting: [open(5, 9)] });
    const ended = gamesAfter(seat, events({ kind: 'HiLoEnded', game: 7 }));
    expect(ended).toEqual({ game: open(5, 9), waiting: [] });
    expect(gamesAfter(ended, events({ kind: 'HiLoEnded', game: 5 })).game).toBeNull();
  });

  it('do not change by events of another one', () => {
    const seat = { game: open(7, 3), waiting: [] };
    const guessed = { kind: 'HiLoGuessed', game: 5, card: 1, worth: 99n };
    expect(gamesAfter(seat, events(guessed, { kind: 'HiLoEnded', game: 5 }))).toEqual(seat);
  });

  it('keep the cards that were seen, as long as the last one is still the last one', () => {
    const seat = { game: open(7, 3, 4), waiting: [] };
    expect(gamesOf(seat, [open(7, 4)]).game?.cards).toEqual([3, 4]);
    expect(gamesOf(seat, [open(7, 12)]).game?.cards).toEqual([12]);
    expect(gamesOf(seat, [open(8, 4)]).game?.cards).toEqual([4]);
    expect(gamesOf(seat, []).game).toBeNull();
  });
});
