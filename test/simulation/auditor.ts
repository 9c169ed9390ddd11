import { createHash } from 'node:crypto';

/**
 * A hash over everything that happens in a simulated world, in order: two runs of a seed that
 * differ anywhere have different digests.
 */
export interface Auditor {
  note(nowMs: number, what: string, bytes?: Uint8Array): void;
  readonly events: number;
  /** Hex; the auditor takes no more events. */
  digest(): string;
}

export function createAuditor(): Auditor {
  const hash = createHash('sha256');
  let events = 0;
  return {
    note(nowMs, what, bytes) {
      events++;
      hash.update(`${nowMs} ${what} `);
      if (bytes !== undefined) hash.update(bytes);
    },
    get events() {
      return events;
    },
    digest: () => hash.digest('hex'),
  };
}
