import type { Timer } from '../../consensus/ports.js';

/** The clocks and wake-ups of the machine. */
export function systemTimer(): Timer {
  return {
    nowMs: () => performance.now(),
    unixMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
