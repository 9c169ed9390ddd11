import { applyInstruction } from './applyInstruction.js';
import type { EngineRules } from './execution.js';

/** A version of the rules. Stands in every result, so that a reader knows who made a height. */
export interface EngineVersion {
  readonly version: number;
  /** New heights are made by it from this one on, up to the next version's. */
  readonly fromHeight: number;
  readonly rules: EngineRules;
}

/**
 * Every version that ever made a height, oldest first: logs are executed again for ever. There is
 * another one whenever any block could yield other bytes than before. Its first height is a
 * constant of the release, so that all validators that run it switch at once: far enough ahead that
 * every one of them has the release by then, and never changed once it is published.
 */
export const ENGINE_VERSIONS: readonly EngineVersion[] = [
  { version: 1, fromHeight: 1, rules: { apply: applyInstruction } },
];
