import type { ClientOutbox, ClientWorld } from '../../../command/client/ports.js';

/** The client's world in a browser: WebSocket, fetch, its clock and its random numbers. */
export function browserWorld(outbox: ClientOutbox): ClientWorld {
  return {
    outbox,
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
    async get(url) {
      const response = await fetch(url, { headers: { accept: 'application/json' } });
      return { status: response.status, body: await response.json() };
    },
    nowMs: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  };
}

/** Where the reader says that this page plays; `:port` is on the host that serves the page. */
export function gatewayAddress(gatewayUrl: string, page: Location): string {
  if (!gatewayUrl.startsWith(':')) return gatewayUrl;
  const scheme = page.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${page.hostname}${gatewayUrl}/play`;
}
