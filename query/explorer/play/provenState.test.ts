import { expect, it } from 'vitest';
import type { ProvenReader } from '../../../command/client/provenReader.js';
import type { StateKey, StateValue } from '../../../schemas/types/state.js';
import { provenSeat } from './provenState.js';

/** Leaves of height 5 at first, and one more with every question. */
function readerOf(leaf: (key: StateKey['key']) => object | null): Pick<ProvenReader, 'state'> {
  let height = 5;
  return {
    state: async (key) => {
      const certificate = { result: { height: height++ } };
      const value = leaf(key) as StateValue['value'] | null;
      return { value, certificate } as Awaited<ReturnType<ProvenReader['state']>>;
    },
  };
}

const ACCOUNT = new Uint8Array(32);

it('finds what an account holds and its open games, no older than it was asked for', async () => {
  const reader = readerOf((key) => {
    if (key.kind === 'AccountKey') {
      const balances = [{ asset: 0, amount: 70n }];
      return { kind: 'AccountValue', balances, nextNonce: 9, nextGame: 4 };
    }
    const isOpen = key.kind === 'GameKey' && (key.game === 1 || key.game === 3);
    return isOpen ? { kind: 'HiLoValue', stake: 5n, worth: 6n, card: key.game } : null;
  });
  const seat = await provenSeat(ACCOUNT, 0, reader, 7);
  expect(seat).toMatchObject({ hasAccount: true, balance: 70n, nextNonce: 9, height: 7 });
  expect(seat.games).toEqual([
    { game: 3, stake: 5n, worth: 6n, cards: [3] },
    { game: 1, stake: 5n, worth: 6n, cards: [1] },
  ]);
});

it('says of a key that has none that it is no account', async () => {
  const seat = await provenSeat(
    ACCOUNT,
    0,
    readerOf(() => null),
    0,
  );
  expect(seat).toMatchObject({ hasAccount: false, balance: 0n, nextNonce: 0, games: [] });
});
