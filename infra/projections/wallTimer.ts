import type { ProjectorTimer } from '../../projections/ports.js';

/** Time of day and wake-ups of the machine, for projectors. */
export const wallTimer: ProjectorTimer = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timeout = setTimeout(run, delayMs);
    return () => clearTimeout(timeout);
  },
};
