import type { RawData, WebSocket } from 'ws';
import { PEER_HANDSHAKE_TIMEOUT_MS } from '../../schemas/limits.js';
import { PeerLinkError } from './errors.js';

/**
 * Holds a socket's messages from its first byte on, so that what arrives between two steps of a
 * handshake, or between handshake and link, is not lost.
 */
export interface MessageInbox {
  /** The next message, within the time of a handshake. Rejects with PeerLinkError. */
  next(): Promise<RawData>;
  /** From now on every message goes to `handler`, those that wait first. */
  handOver(handler: (data: RawData) => void): void;
}

export function openMessageInbox(socket: WebSocket): MessageInbox {
  const waiting: RawData[] = [];
  let handler: ((data: RawData) => void) | null = null;
  let wake: (() => void) | null = null;
  let closed = false;
  socket.on('message', (data) => {
    if (handler !== null) handler(data);
    else waiting.push(data);
    wake?.();
  });
  socket.on('close', () => {
    closed = true;
    wake?.();
  });
  const arrival = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        wake = null;
        reject(new PeerLinkError('handshake-timeout', 'no handshake within its time', true));
      }, PEER_HANDSHAKE_TIMEOUT_MS);
      wake = () => {
        wake = null;
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    async next() {
      if (waiting.length === 0 && !closed) await arrival();
      const data = waiting.shift();
      if (data === undefined) {
        throw new PeerLinkError('connection', 'closed during the handshake', true);
      }
      return data;
    },
    handOver(next) {
      handler = next;
      for (const data of waiting.splice(0)) next(data);
    },
  };
}
