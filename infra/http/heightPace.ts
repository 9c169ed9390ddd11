/** When the newest height was which, for the last while. */
export interface HeightPace {
  note(height: number, nowMs: number): void;
  /** The newest height at that time; the first one noted, where nothing older is known. */
  at(timeMs: number): number;
}

/** Heights seen closer together count as one: so few are kept. */
const GRAIN_MS = 10;

/** Times asked for may only grow. */
export function createHeightPace(): HeightPace {
  const seen: { height: number; readonly atMs: number }[] = [];
  return {
    note(height, nowMs) {
      const last = seen.at(-1);
      if (last !== undefined && height <= last.height) return;
      if (last !== undefined && nowMs - last.atMs < GRAIN_MS) last.height = height;
      else seen.push({ height, atMs: nowMs });
    },
    at(timeMs) {
      while (seen[1] !== undefined && seen[1].atMs <= timeMs) seen.shift();
      return seen[0]?.height ?? 0;
    },
  };
}
