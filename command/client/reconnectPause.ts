import { CLIENT_RECONNECT_MS_MAX, CLIENT_RECONNECT_MS_MIN } from '../../schemas/limits.js';

/** Doublings after which any pause is the longest. */
const DOUBLINGS_MAX = 16;

/**
 * The pause before a connection is tried again, after so many attempts. Full jitter, growing: a
 * thousand clients of a dead server do not come back as one.
 */
export function reconnectPauseMs(attempts: number, random: (bytes: number) => Uint8Array): number {
  const doubled = CLIENT_RECONNECT_MS_MIN * 2 ** Math.min(attempts, DOUBLINGS_MAX);
  const [high = 0, low = 0] = random(2);
  return Math.floor((Math.min(CLIENT_RECONNECT_MS_MAX, doubled) * (high * 256 + low)) / 65_536);
}
