import { assert, present } from '../../../schemas/kernel/assert.js';
import type { Cell, Changeable, ValueKind, ValueOf } from './cell.js';

/**
 * The writes of a block. `touched` lists every cell once, in the order of first writes; the first
 * `undoLength` of `undoCells` and `undoValues` are what the current command replaced, so that a
 * refused command leaves no trace. Emptying an array would make V8 give its memory back.
 */
export interface Changes {
  readonly touched: Cell[];
  readonly undoCells: Cell[];
  readonly undoValues: Cell['value'][];
  undoLength: number;
  /** Counts what is kept or rolled back by itself, as a rule commands. */
  turn: number;
}

export function newChanges(): Changes {
  return { touched: [], undoCells: [], undoValues: [], undoLength: 0, turn: 1 };
}

export function write<Kind extends ValueKind>(
  changes: Changes,
  cell: Cell<Kind>,
  value: ValueOf<Kind> | null,
): void {
  const untyped = cell as unknown as Cell;
  changes.undoCells[changes.undoLength] = untyped;
  changes.undoValues[changes.undoLength] = untyped.value;
  changes.undoLength++;
  cell.value = value;
  cell.turn = changes.turn;
  if (cell.touched) return;
  cell.touched = true;
  changes.touched.push(untyped);
}

/**
 * The cell's value, if it was written in this turn: nobody else holds it, and undoing the turn puts
 * an older one in its place, so it may be changed as it stands. Otherwise null: write a copy.
 */
export function ownValue<Kind extends ValueKind>(
  changes: Changes,
  cell: Cell<Kind>,
): Changeable<Kind> | null {
  return cell.turn === changes.turn ? cell.value : null;
}

/** What was written so far in this block stays, whatever happens to later commands. */
export function keep(changes: Changes): void {
  changes.undoLength = 0;
  changes.turn++;
}

/** Takes back everything since the last `keep`, newest first. */
export function rollBack(changes: Changes): void {
  for (let i = changes.undoLength - 1; i >= 0; i--) {
    const value = changes.undoValues[i];
    assert(value !== undefined, 'value to put back');
    present(changes.undoCells[i], 'cell to put it back in').value = value;
  }
  keep(changes);
}
