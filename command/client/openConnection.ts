import type { ClientConnection, ClientWorld, ConnectionEvents } from './ports.js';

/** Of WebSocket: a connection that ended without a close, or never stood. */
const ABNORMAL_CLOSE = 1006;

/**
 * A connection by the world's `connect`. A world that throws has made none, as if it had closed at
 * once: whoever dials does so from timers too, where nobody could catch it.
 */
export function openConnection(
  { connect, after }: Pick<ClientWorld, 'connect' | 'after'>,
  url: string,
  events: ConnectionEvents,
): ClientConnection {
  try {
    return connect(url, events);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const cancel = after(0, () => events.onClose(ABNORMAL_CLOSE, said));
    return { send: () => undefined, close: cancel };
  }
}

/** Why a connection was none, for people: a browser knows no more than the code. */
export function noConnection(code: number, reason: string): string {
  return `no connection: closed with ${code}${reason === '' ? '' : `, ${reason}`}`;
}
