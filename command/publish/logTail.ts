import type { HeightSource, PublishableHeight } from '../ports.js';
import type { ProgressHeights } from './logProgress.js';
import { hasEvents } from './recordsOfHeight.js';

/** Last height up to this one with any event, hence with a mark in every partition. */
function lastMarked({ leaves, certified }: PublishableHeight): number {
  const { height } = certified.block.header;
  const own = hasEvents({ leaves, certified, events: [] }) ? height : 0;
  return leaves.reduce((last, { previousHeight }) => Math.max(last, previousHeight), own);
}

/**
 * Up to which height, of those up to `certifiedTip`, everything stands in the log: the lowest over
 * `blocks` and the partitions that lack something of it. A partition's marks may end below `blocks`
 * where nothing happened since.
 */
export async function logTail(
  { blocks, events }: ProgressHeights,
  source: HeightSource,
  certifiedTip: number,
): Promise<number> {
  const height = Math.min(blocks, certifiedTip);
  if (events >= height) return height;
  const newest = await source.height(height);
  // Not held any more: then so little is known that the marks decide.
  if (newest === null || lastMarked(newest) > events) return events;
  return height;
}
