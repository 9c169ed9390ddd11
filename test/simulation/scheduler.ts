/** Virtual time: actions at times, earliest first, in order of arrival among equals. */
export interface Scheduler {
  readonly nowMs: number;
  /** Runs `action` after `delayMs` of virtual time; the result cancels it. */
  after(delayMs: number, action: () => void): () => void;
  /** Runs what is due up to `untilMs`, then stands at it. */
  runUntil(untilMs: number): void;
  /** Runs the next action due up to `untilMs`; false: there is none, and time stands at it. */
  runNext(untilMs: number): boolean;
}

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  action: (() => void) | null;
}

export function createScheduler(): Scheduler {
  const heap: Entry[] = [];
  let nowMs = 0;
  let order = 0;
  return {
    get nowMs() {
      return nowMs;
    },
    after(delayMs, action) {
      const entry: Entry = { dueMs: nowMs + Math.max(0, delayMs), order: order++, action };
      push(heap, entry);
      return () => {
        entry.action = null;
      };
    },
    runNext(untilMs) {
      while (heap.length > 0 && heap[0]!.dueMs <= untilMs) {
        const { dueMs, action } = pop(heap);
        if (action === null) continue;
        nowMs = dueMs;
        action();
        return true;
      }
      nowMs = Math.max(nowMs, untilMs);
      return false;
    },
    runUntil(untilMs) {
      while (heap.length > 0 && heap[0]!.dueMs <= untilMs) {
        const { dueMs, action } = pop(heap);
        if (action === null) continue;
        nowMs = dueMs;
        action();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(entry, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
    if (!isBefore(heap[below]!, last)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return top;
}
