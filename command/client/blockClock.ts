import type { GatewayLink, PlayerState } from './playerState.js';

/**
 * Block time that far from the own clock says that the clock is wrong: more than blocks and frames
 * are late, and well below the time that a command lives (CLIENT_LIFETIME_MS_DEFAULT).
 */
export const CLOCK_TOLERANCE_MS = 5_000;

function offsetOf({ options }: PlayerState, blockTimeMs: number): number {
  const offsetMs = blockTimeMs - options.world.nowMs();
  return Math.abs(offsetMs) > CLOCK_TOLERANCE_MS ? offsetMs : 0;
}

/** The newest block time that a gateway has proven at the beginning of a session. */
export function beginBlockClock(state: PlayerState, link: GatewayLink, provenMs: number): void {
  state.clockOffsetMs = offsetOf(state, provenMs);
  link.saidTimeMs = provenMs;
}

/** A proven block time, perhaps of long ago: it is later than that by now. */
export function raiseBlockClock(state: PlayerState, provenMs: number): void {
  const offsetMs = offsetOf(state, provenMs);
  if (offsetMs - state.clockOffsetMs > CLOCK_TOLERANCE_MS) state.clockOffsetMs = offsetMs;
}

/**
 * What a gateway says the block time is, of a block that it had not told of: a chain that stands
 * still says nothing of clocks. Commands must not live longer by a word alone, for whoever holds
 * them back could do so for longer: it is taken when they live shorter by it, or end by the own
 * clock. False when it would need a proof.
 */
export function renewBlockClock(state: PlayerState, link: GatewayLink, saidMs: number): boolean {
  const isNew = link.saidTimeMs > 0 && saidMs > link.saidTimeMs;
  link.saidTimeMs = Math.max(link.saidTimeMs, saidMs);
  if (!isNew) return true;
  const { clockOffsetMs, options } = state;
  const nearMs = saidMs - options.world.nowMs() - clockOffsetMs;
  if (Math.abs(nearMs) <= CLOCK_TOLERANCE_MS) return true;
  const offsetMs = offsetOf(state, saidMs);
  if (offsetMs > Math.max(0, clockOffsetMs)) return false;
  state.clockOffsetMs = offsetMs;
  return true;
}
