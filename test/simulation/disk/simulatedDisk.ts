import type { Prng } from '../prng.js';

/**
 * Writes `count` entries: `commit(n)` puts the first n of them on the platter. Resolves when all
 * are durable; never when the process dies before.
 */
export type DiskWrite = (count: number, commit: (count: number) => void) => Promise<void>;

/** A disk without delay, for worlds in which nothing dies. */
export const writeAtOnce: DiskWrite = async (count, commit) => commit(count);

export interface DiskConditions {
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
  /** A disk that lies: it says "durable" at once and syncs later. No honest machine has one. */
  readonly isLying?: boolean;
}

/** What one process has open on its machine's disk; a new one for every life of the process. */
export interface SimulatedDisk {
  /** A file of its own: its writes become durable in order. */
  openFile(): DiskWrite;
  /** The process is gone: of the write under way a prefix may be durable, what came later not. */
  crash(): void;
}

interface Pending {
  readonly count: number;
  readonly commit: (count: number) => void;
}

export function createSimulatedDisk(options: {
  readonly after: (delayMs: number, run: () => void) => unknown;
  readonly prng: Prng;
  readonly conditions: DiskConditions;
}): SimulatedDisk {
  const { after, prng, conditions } = options;
  const files: Pending[][] = [];
  let isGone = false;

  const openFile = (): DiskWrite => {
    const pending: Pending[] = [];
    files.push(pending);
    let isBusy = false;
    const syncNext = (): void => {
      const next = pending[0];
      isBusy = next !== undefined && !isGone;
      if (next === undefined || isGone) return;
      after(prng.between(conditions.syncMinMs, conditions.syncMaxMs), () => {
        if (isGone) return;
        pending.shift();
        next.commit(next.count);
        syncNext();
      });
    };
    return (count, commit) =>
      new Promise((resolve) => {
        const isEarly = conditions.isLying === true;
        const done = (written: number): void => {
          commit(written);
          if (!isEarly && !isGone) resolve();
        };
        pending.push({ count, commit: done });
        if (isEarly) resolve();
        if (!isBusy) syncNext();
      });
  };

  return {
    openFile,
    crash() {
      isGone = true;
      for (const pending of files) {
        const torn = pending[0];
        if (torn !== undefined && prng.chance(0.5)) torn.commit(prng.below(torn.count + 1));
      }
    },
  };
}
