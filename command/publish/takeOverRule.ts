import {
  PUBLISH_FRUITLESS_DOUBLINGS_MAX,
  PUBLISH_LAG_MS_MAX,
  PUBLISH_TAKEOVER_MS,
  PUBLISH_TAKEOVER_STEPS,
} from '../../schemas/limits.js';

/**
 * Whose turn it is, counted from the active publisher, which is whoever wrote the newest mark in
 * the log: the next validator by index has rank 1, and the active one itself, should it be writing
 * no more, the last. In a log without marks the first validator has rank 0, and so on.
 */
export function takeOverRank(self: number, validators: number, active: number | null): number {
  if (active === null) return self;
  return ((self - active - 1 + validators) % validators) + 1;
}

/**
 * How many times half a second a rank waits. The first in line waits one, and nobody where nobody
 * has written; each one after it leaves the one before the time of a take-over: it opens a writer,
 * reads the end of the log back and appends, and no record shows it before.
 */
export function takeOverSteps(self: number, validators: number, active: number | null): number {
  const rank = takeOverRank(self, validators, active);
  return active === null ? rank * PUBLISH_TAKEOVER_STEPS : 1 + (rank - 1) * PUBLISH_TAKEOVER_STEPS;
}

/**
 * When a validator may take over, in milliseconds of its own clock: rank times half a second after
 * the lowest missing height was certified and the log answered, doubled by each take-over without
 * progress. Who began to publish later than that has the same time from its beginning; and who
 * makes progress, though behind, has it from each height it gets into the log, until the height has
 * been missing, and itself publishing, for PUBLISH_LAG_MS_MAX. Half a second is more where this
 * validator's own appends have taken more.
 */
export function takeOverDueMs(options: {
  /** As takeOverSteps says. */
  readonly steps: number;
  readonly fruitless: number;
  /** Since when the lowest missing height has been certified, and the log has answered. */
  readonly missingSinceMs: number;
  /** When the active publisher began, as far as was seen. */
  readonly activeSinceMs: number;
  /** When the log last got a height. */
  readonly progressAtMs: number;
  /** How long an append took this validator lately; 0 when it has not tried. */
  readonly appendMs: number;
}): number {
  const { steps, fruitless, missingSinceMs, activeSinceMs, progressAtMs, appendMs } = options;
  const beginMs = Math.max(missingSinceMs, activeSinceMs);
  const sinceMs = Math.max(beginMs, Math.min(progressAtMs, beginMs + PUBLISH_LAG_MS_MAX));
  // Where an append takes longer than that, nobody can be expected to be faster.
  const stepMs = Math.min(Math.max(PUBLISH_TAKEOVER_MS, appendMs), PUBLISH_LAG_MS_MAX);
  const doublings = Math.min(fruitless, PUBLISH_FRUITLESS_DOUBLINGS_MAX);
  return sinceMs + steps * stepMs * 2 ** doublings;
}
