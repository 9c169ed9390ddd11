import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { bytesWithin } from '../../command/client/bytesWithin.js';
import { jsonBody } from '../../command/client/jsonBody.js';
import { type ClientWorld, READ_BYTES_MAX, READ_MS_MAX } from '../../command/client/ports.js';
import { MAX_FRAME_BYTES } from '../../schemas/limits.js';
import { fileOutbox } from '../files/fileOutbox.js';
import { messageBytes } from './peerLink.js';

const decoder = new TextDecoder();
/** A server that has not answered a close by then is not waited for. */
const CLOSE_MS_MAX = 1_000;

/**
 * The client's world in Node: `ws` for sockets, `fetch` for reads. With a folder open commands
 * outlive the process; players that share it keep their lanes apart.
 */
export function nodeClientWorld(options: { readonly outboxDir?: string } = {}): ClientWorld {
  const { outboxDir } = options;
  return {
    ...(outboxDir !== undefined && { outbox: fileOutbox(outboxDir) }),
    connect(url, events) {
      const socket = new WebSocket(url, {
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
        handshakeTimeout: 5_000,
      });
      socket.on('open', () => events.onOpen());
      socket.on('message', (data) => events.onText(decoder.decode(messageBytes(data))));
      let fault = '';
      socket.on('close', (code, reason) => events.onClose(code, decoder.decode(reason) || fault));
      // `close` follows every error; it is where the client reconnects.
      socket.on('error', ({ message }) => {
        fault = message;
        socket.terminate();
      });
      return {
        send: (text) => {
          if (socket.readyState === socket.OPEN) socket.send(text);
        },
        close() {
          socket.close();
          // One that hangs never answers the close; until it does, it keeps the process alive.
          const timer = setTimeout(() => socket.terminate(), CLOSE_MS_MAX);
          timer.unref();
          socket.once('close', () => clearTimeout(timer));
        },
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
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  };
}
