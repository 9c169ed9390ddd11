import { present } from '../../../schemas/kernel/assert.js';
import type { CoreState } from '../state.js';

export interface Parent {
  readonly view: number;
  readonly payload: Uint8Array;
}

/**
 * R2. The parent for a block of `view` is the highest view below it that is final, or notarized and
 * certified; every view between must be nullified. Null while a nullification is missing.
 * Cost: two binary searches.
 */
export function findParent(state: CoreState, view: number): Parent | null {
  const parentView = highestParentView(state, view);
  if (state.nullified.highestGapUpTo(view - 1) > parentView) return null;
  return { view: parentView, payload: payloadOf(state, parentView) };
}

/** R2, R18. Views that keep `findParent` from an answer, highest first, at most `max`. */
export function missingBelow(
  state: CoreState,
  view: number,
  parentView: number,
  max: number,
): number[] {
  const missing: number[] = [];
  let gap = state.nullified.highestGapUpTo(view - 1);
  while (gap > parentView && missing.length < max) {
    missing.push(gap);
    gap = state.nullified.highestGapUpTo(gap - 1);
  }
  return missing;
}

/** Highest view below `view` on which a block may be built. */
export function highestParentView(state: CoreState, view: number): number {
  const certified = state.certified.highestUpTo(view - 1);
  return Math.max(state.lastFinalized.view, certified ?? 0);
}

/** Digest of the block of a final or notarized view. */
export function payloadOf(state: CoreState, view: number): Uint8Array {
  if (view === state.lastFinalized.view) return state.lastFinalized.payload;
  const notarization = state.rounds.get(view)?.notarization;
  return present(notarization, `notarization of view ${view}`).proposal.payload;
}
