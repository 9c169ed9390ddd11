import { present } from '../../../schemas/kernel/assert.js';
import { compareBytes } from '../../../schemas/kernel/bytes.js';
import type { Cell } from './cell.js';

/** A cell that leaves the state at `dueMs`, unless it changes before: the taker checks. */
export interface Due {
  readonly dueMs: number;
  readonly cell: Cell;
}

/** Binary heap; the earliest first, then the smaller key hash, so that the order is the same
 * whether the state was grown or imported. */
export type DueHeap = Due[];

function before(a: Due, b: Due): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs;
  return compareBytes(a.cell.keyHash, b.cell.keyHash) < 0;
}

export function pushDue(heap: DueHeap, due: Due): void {
  let at = heap.push(due) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = present(heap[above], 'parent');
    if (!before(due, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = due;
}

/** Takes the first entry if it is due. */
export function popDue(heap: DueHeap, nowMs: number): Due | null {
  const first = heap[0];
  if (first === undefined || first.dueMs > nowMs) return null;
  const last = present(heap.pop(), 'last');
  if (heap.length > 0) sink(heap, last);
  return first;
}

function sink(heap: DueHeap, due: Due): void {
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    const left = heap[below];
    if (left === undefined) break;
    const right = heap[below + 1];
    if (right !== undefined && before(right, left)) below++;
    const child = present(heap[below], 'child');
    if (!before(child, due)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = due;
}
