import { present } from '../../../schemas/kernel/assert.js';
import type { Cell, Changeable } from './cell.js';
import { type Changes, ownValue, write } from './changes.js';

/** The books of an asset, to be changed by the current command. */
export function booksToChange(
  changes: Changes,
  cell: Cell<'HouseValue'>,
): Changeable<'HouseValue'> {
  const own = ownValue(changes, cell);
  if (own !== null) return own;
  const books = present(cell.value, 'books');
  const copy = {
    kind: books.kind,
    issued: books.issued,
    accounts: books.accounts,
    inPlay: books.inPlay,
    bankroll: books.bankroll,
    reserved: books.reserved,
    faucet: books.faucet,
    nextKeySequence: books.nextKeySequence,
  };
  write(changes, cell, copy);
  return copy;
}
