import { assert, present } from '../../../schemas/kernel/assert.js';
import type { HouseValue } from '../../../schemas/types/state.js';
import type { EngineState } from '../engineState.js';
import { findHouse } from '../engineState.js';
import { write } from '../state/changes.js';

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
  const house = present(findHouse(state, asset), 'house of asset');
  const books = present(house.cell.value, 'books');
  write(state.changes, house.cell, {
    kind: 'HouseValue',
    issued: books.issued,
    accounts: books.accounts + accounts,
    inPlay: books.inPlay + inPlay,
    bankroll: books.bankroll + bankroll,
    reserved: books.reserved,
    faucet: books.faucet + faucet,
    nextKeySequence: books.nextKeySequence,
  });
}

/**
 * Holds more of the bankroll for an open game, or less of it. False, and nothing changed, when the
 * free bankroll does not cover what is asked for.
 */
export function reserve(state: EngineState, asset: number, delta: bigint): boolean {
  if (delta === 0n) return true;
  const house = present(findHouse(state, asset), 'house of asset');
  const books = present(house.cell.value, 'books');
  const reserved = books.reserved + delta;
  if (delta > 0n && reserved > books.bankroll) return false;
  assert(reserved >= 0n, 'reserve below zero');
  write(state.changes, house.cell, { ...books, reserved });
  return true;
}
