import { assert } from '../../../schemas/kernel/assert.js';
import type { Cell } from './cell.js';
import { type DueHeap, popDue, pushDue } from './dueHeap.js';

/**
 * When games end by themselves. A game has one entry, made when it starts; moves put its end off
 * and leave the entry where it is, so an entry comes due at the game's end or before it.
 */
export interface GameDeadlines {
  readonly heap: DueHeap;
  /** At this length the entries of games that have ended are thrown out. */
  compactAt: number;
}

/** Below this the dead entries are not worth a pass. */
const COMPACT_MIN = 1_024;

export function newGameDeadlines(): GameDeadlines {
  return { heap: [], compactAt: COMPACT_MIN };
}

function endOf({ value }: Cell): number | null {
  return value !== null && value.kind === 'HiLoValue' ? value.expiresAtMs : null;
}

/** Of a game that has just started. Costs O(log n), and a pass over all once they have doubled. */
export function addDeadline(deadlines: GameDeadlines, cell: Cell): void {
  const dueMs = endOf(cell);
  assert(dueMs !== null, 'a deadline belongs to an open game');
  const { heap } = deadlines;
  pushDue(heap, { dueMs, cell });
  if (heap.length < deadlines.compactAt) return;
  const open = heap.filter(({ cell: game }) => endOf(game) !== null);
  heap.length = 0;
  for (const due of open) pushDue(heap, due);
  deadlines.compactAt = Math.max(COMPACT_MIN, 2 * heap.length);
}

/**
 * The next game whose time is over, earliest first, then by key hash; each is answered once. Null
 * when there is none: a grown state and an imported one answer the same.
 */
export function takeOverdue(deadlines: GameDeadlines, nowMs: number): Cell | null {
  const { heap } = deadlines;
  for (let due = popDue(heap, nowMs); due !== null; due = popDue(heap, nowMs)) {
    const endsAtMs = endOf(due.cell);
    if (endsAtMs === due.dueMs) return due.cell;
    if (endsAtMs !== null) pushDue(heap, { dueMs: endsAtMs, cell: due.cell });
  }
  return null;
}
