import { assert } from '../../../schemas/kernel/assert.js';
import type { Cell, ValueKind, ValueOf } from './cell.js';

/**
 * The writes of a block. `touched` lists every cell once, in the order of first writes; `undo`
 * holds what the current command replaced, so that a refused command leaves no trace.
 */
export interface Changes {
  readonly touched: Cell[];
  readonly undo: { readonly cell: Cell; readonly value: Cell['value'] }[];
}

export function newChanges(): Changes {
  return { touched: [], undo: [] };
}

export function write<Kind extends ValueKind>(
  changes: Changes,
  cell: Cell<Kind>,
  value: ValueOf<Kind> | null,
): void {
  const untyped = cell as unknown as Cell;
  changes.undo.push({ cell: untyped, value: untyped.value });
  cell.value = value;
  if (cell.touched) return;
  cell.touched = true;
  changes.touched.push(untyped);
}

/** What was written so far in this block stays, whatever happens to later commands. */
export function keep(changes: Changes): void {
  changes.undo.length = 0;
}

/** Takes back everything since the last `keep`, newest first. */
export function rollBack(changes: Changes): void {
  for (let i = changes.undo.length - 1; i >= 0; i--) {
    const entry = changes.undo[i];
    assert(entry !== undefined, 'undo entry');
    entry.cell.value = entry.value;
  }
  changes.undo.length = 0;
}
