import { MAX_BLOCK_PRUNED } from '../../../schemas/limits.js';
import type { EngineState } from '../engineState.js';
import { write } from './changes.js';
import { dueMsOf } from './commit.js';
import { popDue } from './dueHeap.js';

/**
 * Removes lanes and requests whose time is over, the longest overdue first. An entry of the heap
 * whose cell has changed since is no longer true and costs nothing of the bound, so a grown state
 * and an imported one remove the same.
 */
export function prune(state: EngineState, nowMs: number): void {
  let removed = 0;
  while (removed < MAX_BLOCK_PRUNED) {
    const due = popDue(state.due, nowMs);
    if (due === null) return;
    if (dueMsOf(state, due.cell.value) !== due.dueMs) continue;
    write(state.changes, due.cell, null);
    removed++;
  }
}
