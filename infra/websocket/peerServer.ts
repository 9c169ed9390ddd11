import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES, PEER_CONNECTIONS_MAX } from '../../schemas/limits.js';
import { PeerLinkError } from './errors.js';
import { openMessageInbox } from './messageInbox.js';
import { acceptPeer, type PeerIdentity } from './peerHandshake.js';
import { openPeerLink, type PeerLink, type PeerLinkEvents } from './peerLink.js';
import { refuseUpgrade } from './refuseUpgrade.js';

export const PEER_PATH = '/peer';

export interface PeerServer {
  readonly links: ReadonlySet<PeerLink>;
  close(): void;
}

/** Accepts validators, gateways and readers on `/peer` of a validator's HTTP server. */
export function servePeers(
  server: Server,
  identity: PeerIdentity,
  events: PeerLinkEvents & {
    onOpen(link: PeerLink): void;
    onRefused(error: PeerLinkError): void;
  },
): PeerServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const links = new Set<PeerLink>();
  server.on('upgrade', (request, stream, head) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== PEER_PATH || sockets.clients.size >= PEER_CONNECTIONS_MAX) {
      const status = path === PEER_PATH ? '503 Service Unavailable' : '404 Not Found';
      refuseUpgrade(stream, status);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const inbox = openMessageInbox(socket);
      socket.on('error', () => socket.terminate());
      acceptPeer(socket, inbox, identity).then(
        (peer) => {
          const link = openPeerLink(socket, inbox, peer, {
            onMessage: events.onMessage,
            onClose: (closed, error) => {
              links.delete(closed);
              events.onClose(closed, error);
            },
          });
          links.add(link);
          events.onOpen(link);
        },
        (error: unknown) => {
          socket.terminate();
          if (error instanceof PeerLinkError) events.onRefused(error);
          else throw error;
        },
      );
    });
  });
  return {
    links,
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
