import { type LoadClient, unixMs } from './loadClient.js';

/** Envelopes that the closed loop signs before it looks at its links again. */
const TURN_ENVELOPES = 32;

/**
 * Commands at fixed times, whatever happens to them: `perSecond`, one an envelope. A late timer
 * sends what is due, and each latency counts from when its command was due.
 */
export async function openLoad(
  client: LoadClient,
  options: { readonly perSecond: number; readonly seconds: number; readonly openMax: number },
): Promise<void> {
  const { perSecond, seconds, openMax } = options;
  const startMs = unixMs();
  const total = Math.round(perSecond * seconds);
  for (let sent = 0; sent < total; ) {
    const dueMs = startMs + (sent * 1_000) / perSecond;
    const waitMs = dueMs - unixMs();
    if (waitMs > 0) {
      await new Promise((wake) => setTimeout(wake, waitMs));
      continue;
    }
    if (!client.send(1, openMax, dueMs)) throw new Error('every account is full: it has stalled');
    sent++;
  }
}

/**
 * As many commands open as `openCommands` says, for so long; a new envelope for each that ended.
 */
export async function closedLoad(
  client: LoadClient,
  options: {
    readonly openCommands: number;
    readonly perEnvelope: number;
    readonly openPerAccountMax: number;
    readonly seconds: number;
  },
): Promise<void> {
  const { openCommands, perEnvelope, openPerAccountMax, seconds } = options;
  const endMs = performance.now() + seconds * 1_000;
  let wake: () => void = () => undefined;
  client.onHeight = () => wake();
  while (performance.now() < endMs) {
    client.assertProgress();
    let sent = 0;
    while (sent < TURN_ENVELOPES && client.openCommands + perEnvelope <= openCommands) {
      if (!client.send(perEnvelope, openPerAccountMax, unixMs())) break;
      sent++;
    }
    if (sent === TURN_ENVELOPES) await new Promise((resume) => setImmediate(resume));
    else {
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, 50);
        wake = () => {
          clearTimeout(timer);
          resume();
        };
      });
    }
  }
  client.onHeight = () => undefined;
}
