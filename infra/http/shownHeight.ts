import type { VisibleHeight } from '../../query/ports.js';
import { READ_WAITS_MAX } from '../../schemas/limits.js';

export type WaitOutcome = 'visible' | 'timeout' | 'crowded';

/** A visible height that others wait for. */
export interface HeightWaits {
  current(): VisibleHeight;
  waitFor(height: number, timeoutMs: number): Promise<WaitOutcome>;
  /** Called after each change; what it returns ends that. */
  onChange(listener: () => void): () => void;
}

interface Waiter {
  readonly height: number;
  settle(outcome: WaitOutcome): void;
}

/** Begins with height 0. */
export function createShownHeight(): HeightWaits & {
  show(next: VisibleHeight): void;
  /** Nobody waits any longer. */
  end(): void;
} {
  let visible: VisibleHeight = { height: 0, timestampMs: 0 };
  const waiters = new Set<Waiter>();
  const listeners = new Set<() => void>();
  return {
    current: () => visible,
    show(next) {
      if (next.height === visible.height) return;
      visible = next;
      for (const waiter of [...waiters]) if (waiter.height <= next.height) waiter.settle('visible');
      for (const listener of [...listeners]) listener();
    },
    waitFor(height, timeoutMs) {
      if (height <= visible.height) return Promise.resolve('visible');
      if (waiters.size >= READ_WAITS_MAX) return Promise.resolve('crowded');
      return new Promise((resolve) => {
        const settle = (outcome: WaitOutcome): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(outcome);
        };
        const waiter: Waiter = { height, settle };
        const timer = setTimeout(() => settle('timeout'), timeoutMs);
        waiters.add(waiter);
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end() {
      for (const waiter of [...waiters]) waiter.settle('timeout');
      listeners.clear();
    },
  };
}
