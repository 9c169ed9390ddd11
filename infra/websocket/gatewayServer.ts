import type { IncomingMessage, Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Gateway } from '../../command/gateway/gateway.js';
import { CloseCode, GATEWAY_SUBPROTOCOL } from '../../schemas/gateway/protocol.js';
import { GATEWAY_CONNECTIONS_PER_IP_MAX, GATEWAY_MESSAGE_BYTES_MAX } from '../../schemas/limits.js';
import type { Metrics } from '../telemetry/metrics.js';
import { messageBytes } from './peerLink.js';
import { isLoopback, PLAYER_PATH } from './playerPath.js';
import { refuseUpgrade } from './refuseUpgrade.js';

const RETRY_AFTER_SECONDS = 5;

export interface GatewayServer {
  /** Closes what is open with `code`, paced over `spreadMs`, so that clients do not storm another. */
  closeAll(spreadMs: number): Promise<void>;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function frameText(data: Parameters<typeof messageBytes>[0]): string | null {
  try {
    return decoder.decode(messageBytes(data));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Serves players on `/play` (and on `/`) of the gateway's HTTP server. */
export function serveGateway(
  server: Server,
  gateway: Gateway,
  options: {
    readonly metrics: Metrics;
    readonly connectionsPerAddressMax?: number;
    /** Addresses that share a limit with nobody: loopback always, and these. */
    readonly trusted: (address: string) => boolean;
  },
): GatewayServer {
  const perAddress = new Map<string, number>();
  const limit = options.connectionsPerAddressMax ?? GATEWAY_CONNECTIONS_PER_IP_MAX;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: GATEWAY_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(GATEWAY_SUBPROTOCOL) ? GATEWAY_SUBPROTOCOL : false),
  });
  server.on('upgrade', (request: IncomingMessage, stream, head) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== PLAYER_PATH && path !== '/') return refuseUpgrade(stream, '404 Not Found');
    const address = request.socket.remoteAddress ?? '';
    const exempt = isLoopback(address) || options.trusted(address);
    const open = perAddress.get(address) ?? 0;
    if (!exempt && open >= limit) {
      options.metrics.count('gateway_refused_connections_total', { why: 'address' });
      return refuseUpgrade(stream, '429 Too Many Requests', RETRY_AFTER_SECONDS);
    }
    perAddress.set(address, open + 1);
    stream.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
    sockets.handleUpgrade(request, stream, head, (socket) => attach(gateway, socket, address));
  });
  return { closeAll: (spreadMs) => closePaced(sockets, spreadMs) };
}

function attach(gateway: Gateway, socket: WebSocket, address: string): void {
  const handle = gateway.connect({
    address,
    send: (text) => socket.send(text),
    bufferedBytes: () => socket.bufferedAmount,
    close: (code, reason) => {
      socket.close(code, reason);
      // A client that does not answer the close frame is cut off.
      setTimeout(() => socket.terminate(), 2_000).unref();
    },
  });
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? null : frameText(data);
    if (text === null) socket.close(CloseCode.protocolError, 'text frames of UTF-8 only');
    else handle.onFrame(text);
  });
  socket.on('close', () => handle.onClosed());
  // `ws` reports oversized and malformed frames here, and closes with 1009 or 1002 by itself.
  socket.on('error', () => socket.terminate());
}

async function closePaced(sockets: WebSocketServer, spreadMs: number): Promise<void> {
  const open = [...sockets.clients];
  const pauseMs = open.length === 0 ? 0 : spreadMs / open.length;
  for (const socket of open) {
    socket.close(CloseCode.draining, 'draining');
    if (pauseMs >= 1) await new Promise((wake) => setTimeout(wake, pauseMs));
  }
  sockets.close();
}
