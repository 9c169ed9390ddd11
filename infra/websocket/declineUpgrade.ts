import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Answers a request that asks for another protocol than WebSocket as if it did not, which is what a
 * server does that does not know it (RFC 9110, 7.8): Java's client asks for HTTP/2 with every one.
 * Node hands over each upgrade once anybody listens for upgrades. False for a WebSocket's.
 */
export function declineUpgrade(server: Server, request: IncomingMessage, stream: Duplex): boolean {
  const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
  if (isWebSocket || !(stream instanceof Socket)) return false;
  stream.on('error', () => stream.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false; // Node has given the connection away, and reads no more of it.
  response.assignSocket(stream);
  response.on('finish', () => {
    response.detachSocket(stream);
    stream.end();
  });
  server.emit('request', request, response);
  return true;
}
