import { performance } from 'node:perf_hooks';
import type { HeightTimes } from '../../consensus/ports.js';
import { HEIGHT_TIMES_KEPT } from '../../schemas/limits.js';

/** The newest heights of a validator with the times of their stages, in Unix milliseconds. */
export interface HeightTimesLog {
  add(times: HeightTimes): void;
  /** From this height on, ascending, with fractions of a millisecond. */
  from(height: number): readonly HeightTimes[];
}

/** Turns monotone times into those of the wall clock, so that several processes can be compared. */
export function createHeightTimesLog(): HeightTimesLog {
  const kept: HeightTimes[] = [];
  const unix = (monotoneMs: number): number => performance.timeOrigin + monotoneMs;
  return {
    add({ height, finalMs, beaconMs, executedMs, certifiedMs, durableMs }) {
      kept.push({
        height,
        finalMs: unix(finalMs),
        beaconMs: unix(beaconMs),
        executedMs: unix(executedMs),
        certifiedMs: unix(certifiedMs),
        durableMs: unix(durableMs),
      });
      if (kept.length > HEIGHT_TIMES_KEPT) kept.splice(0, kept.length - HEIGHT_TIMES_KEPT);
    },
    from: (height) => kept.filter((times) => times.height >= height),
  };
}
