/** A place in a feed: a block is 0 in its height, its commands are numbered from 1. */
export interface FeedPosition {
  readonly height: number;
  /** Infinity behind all of the height. */
  readonly executionIndex: number;
}

/** Nothing of `height` was seen, all before it was. */
export function positionBefore(height: number): FeedPosition {
  return { height: height - 1, executionIndex: Number.POSITIVE_INFINITY };
}

/** Where to go on. A height of which something was seen may have more. */
export function resumeHeight({ height, executionIndex }: FeedPosition): number {
  return executionIndex === Number.POSITIVE_INFINITY ? height + 1 : height;
}

/**
 * The position after what stands at `place`, or null when it does not come behind `position`. With
 * blocks among the topics a feed has no holes: each height begins with its block.
 */
export function advance(
  position: FeedPosition,
  place: FeedPosition,
  hasBlocks: boolean,
): FeedPosition | null {
  const isSame = place.height === position.height;
  const isBehind = isSame
    ? place.executionIndex > position.executionIndex
    : place.height > position.height;
  if (!isBehind) return null;
  if (!hasBlocks || isSame) return place;
  const isNextBlock = place.height === position.height + 1 && place.executionIndex === 0;
  return isNextBlock ? place : null;
}
