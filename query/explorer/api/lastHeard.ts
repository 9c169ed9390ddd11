import { FEED_HEARTBEAT_MS } from '../../../schemas/limits.js';
import { ageText } from '../widgets/age.js';
import type { Live } from './liveFeed.js';

/** The feed says something at each heartbeat; one may be late. */
const OVERDUE_MS = 2 * FEED_HEARTBEAT_MS;

/**
 * How long ago the page last heard of the chain, when that is not now: it is not connected, or
 * nothing has come for longer than a heartbeat. Null while it follows.
 */
export function lastHeardText(
  { status, heardAtMs }: Pick<Live, 'status' | 'heardAtMs'>,
  nowMs: number,
): string | null {
  if (status === 'live' && nowMs - heardAtMs < OVERDUE_MS) return null;
  return heardAtMs === 0 ? 'not yet' : ageText(nowMs - heardAtMs);
}
