import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClientHandle, Gateway } from '../../command/gateway/gateway.js';
import { CloseCode, GATEWAY_SUBPROTOCOL } from '../../schemas/gateway/protocol.js';
import { GATEWAY_CONNECTIONS_PER_IP_MAX, GATEWAY_MESSAGE_BYTES_MAX } from '../../schemas/limits.js';
import type { Metrics } from '../telemetry/metrics.js';
import { createAddressLimit } from './addressLimit.js';
import { clientAddress } from './clientAddress.js';
import { messageBytes } from './peerLink.js';
import { PLAYER_PATH } from './playerPath.js';
import { refuseUpgrade } from './refuseUpgrade.js';

const RETRY_AFTER_SECONDS = 5;
/** A client that does not answer the close frame is cut off after this. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface GatewayServer {
  /**
   * Closes what is open with `code`, paced over `spreadMs`, so that clients do not storm another.
   */
  closeAll(spreadMs: number): Promise<void>;
}

export interface GatewayServerOptions {
  readonly metrics: Metrics;
  readonly connectionsPerAddressMax?: number;
  /** Share a limit with nobody, and say for whom they ask. */
  readonly trusted: (address: string) => boolean;
  /** Origins of pages that may connect; empty: all. Programs send none, and may. */
  readonly allowedOrigins?: readonly string[];
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
  options: GatewayServerOptions,
): GatewayServer {
  const { metrics, trusted, allowedOrigins = [] } = options;
  const connectionsMax = options.connectionsPerAddressMax ?? GATEWAY_CONNECTIONS_PER_IP_MAX;
  const limit = createAddressLimit(connectionsMax, trusted);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: GATEWAY_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(GATEWAY_SUBPROTOCOL) ? GATEWAY_SUBPROTOCOL : false),
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refuse = (result: string, status: string, retryAfterSeconds?: number): void => {
      metrics.count('gateway_connects_total', { result });
      refuseUpgrade(stream, status, retryAfterSeconds);
    };
    const path = (request.url ?? '').split('?')[0];
    if (path !== PLAYER_PATH && path !== '/') return refuse('path', '404 Not Found');
    const { origin } = request.headers;
    if (origin !== undefined && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
      return refuse('origin', '403 Forbidden');
    }
    const address = clientAddress(request, trusted);
    if (!limit.enter(address, stream)) {
      return refuse('address', '429 Too Many Requests', RETRY_AFTER_SECONDS);
    }
    sockets.handleUpgrade(request, stream, head, (socket) => attach(gateway, socket, address));
  });
  return { closeAll: (spreadMs) => closePaced(sockets, spreadMs) };
}

function attach(gateway: Gateway, socket: WebSocket, address: string): void {
  // `ws` reports oversized and malformed frames here, and closes with 1009 or 1002 by itself.
  socket.on('error', () => setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref());
  const handle: ClientHandle = gateway.connect({
    address,
    send: (text) => socket.send(text),
    ping: () => socket.ping(),
    bufferedBytes: () => socket.bufferedAmount,
    close: (code, reason) => closeSocket(socket, code, reason),
  });
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? null : frameText(data);
    if (text === null) closeSocket(socket, CloseCode.protocolError, 'text frames of UTF-8 only');
    else handle.onFrame(text);
  });
  socket.on('ping', () => handle.onAlive());
  socket.on('pong', () => handle.onAlive());
  socket.on('close', (code) => handle.onClosed(code));
}

function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
}

async function closePaced(sockets: WebSocketServer, spreadMs: number): Promise<void> {
  const open = [...sockets.clients];
  const pauseMs = open.length === 0 ? 0 : spreadMs / open.length;
  const startedMs = Date.now();
  for (const [index, socket] of open.entries()) {
    closeSocket(socket, CloseCode.draining, 'draining');
    const aheadMs = startedMs + (index + 1) * pauseMs - Date.now();
    if (aheadMs >= 1) await new Promise((wake) => setTimeout(wake, aheadMs));
  }
  sockets.close();
}
