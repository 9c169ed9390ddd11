import { VERIFY_FAULTS_MAX } from '../../schemas/limits.js';

/** What is wrong with a log: where, and what; the first ones of many. */
export interface Faults {
  /** False when no more are taken down. */
  add(place: string, what: string): boolean;
  /** All of them, told ones and others. */
  count(): number;
  lines(): readonly string[];
}

export function createFaults(): Faults {
  const lines: string[] = [];
  let count = 0;
  return {
    add(place, what) {
      count++;
      if (lines.length >= VERIFY_FAULTS_MAX) return false;
      lines.push(`${place}: ${what}`);
      return true;
    },
    count: () => count,
    lines: () => lines,
  };
}

/** How a record is named in a fault, so that tools of the log find it. */
export function recordPlace(topic: string, partition: number, offset: bigint): string {
  return `${topic}/${partition} offset ${offset}`;
}
