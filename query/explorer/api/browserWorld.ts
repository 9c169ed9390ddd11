import { bytesWithin } from '../../../command/client/bytesWithin.js';
import { jsonBody } from '../../../command/client/jsonBody.js';
import {
  type ClientOutbox,
  type ClientWorld,
  READ_BYTES_MAX,
  READ_MS_MAX,
} from '../../../command/client/ports.js';

const decoder = new TextDecoder();

/** The client's world in a browser: WebSocket, fetch, its clock and its random numbers. */
export function browserWorld(options: { readonly outbox?: ClientOutbox } = {}): ClientWorld {
  return {
    ...options,
    connect(url, events) {
      const socket = new WebSocket(url);
      socket.onopen = () => events.onOpen();
      socket.onmessage = ({ data }) => events.onText(String(data));
      // `close` follows every error; it is where the client reconnects.
      socket.onclose = ({ code, reason }) => events.onClose(code, reason);
      return {
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => socket.close(),
      };
    },
    async get(url, given) {
      const late = AbortSignal.timeout(READ_MS_MAX);
      const signal = given === undefined ? late : AbortSignal.any([late, given as AbortSignal]);
      const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
      const bytes = await bytesWithin(response.body, READ_BYTES_MAX);
      const body = bytes === null ? undefined : jsonBody(decoder.decode(bytes));
      return { status: response.status, body };
    },
    nowMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  };
}
