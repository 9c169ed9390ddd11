import { assert, present } from '../../../schemas/kernel/assert.js';
import type { HouseValue } from '../../../schemas/types/state.js';
import { type EngineState, findHouse } from '../engineState.js';
import { booksToChange } from '../state/booksToChange.js';

/** By how much each account of the house's books moves. The legs of one posting add to zero. */
export interface Posting {
  readonly accounts?: bigint;
  readonly inPlay?: bigint;
  readonly bankroll?: bigint;
  readonly faucet?: bigint;
}

export function houseOf(state: EngineState, asset: number): HouseValue {
  const house = present(findHouse(state, asset), 'house of asset');
  return present(house.cell.value, 'books');
}

/** Books one posting. A side that would fall below zero is a bug: callers check before. */
export function post(state: EngineState, asset: number, posting: Posting): void {
  const { accounts = 0n, inPlay = 0n, bankroll = 0n, faucet = 0n } = posting;
  assert(accounts + inPlay + bankroll + faucet === 0n, 'a posting must add to zero');
  const books = booksToChange(
    state.changes,
    present(findHouse(state, asset), 'house of asset').cell,
  );
  if (accounts !== 0n) books.accounts += accounts;
  if (inPlay !== 0n) books.inPlay += inPlay;
  if (bankroll !== 0n) books.bankroll += bankroll;
  if (faucet !== 0n) books.faucet += faucet;
}

/**
 * Holds more of the bankroll for an open game, or less of it. False, and nothing changed, when the
 * free bankroll does not cover what is asked for.
 */
export function reserve(state: EngineState, asset: number, delta: bigint): boolean {
  if (delta === 0n) return true;
  const house = present(findHouse(state, asset), 'house of asset');
  const { reserved, bankroll } = present(house.cell.value, 'books');
  if (delta > 0n && reserved + delta > bankroll) return false;
  assert(reserved + delta >= 0n, 'reserve below zero');
  booksToChange(state.changes, house.cell).reserved = reserved + delta;
  return true;
}
