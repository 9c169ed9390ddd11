import type { Server } from 'node:http';
import type { Transport } from '../../consensus/ports.js';
import { encode } from '../../schemas/codec/codec.js';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import type { PeerLinkError } from './errors.js';
import { dialPeer, type PeerDialer } from './peerDialer.js';
import type { PeerIdentity } from './peerHandshake.js';
import type { PeerLink } from './peerLink.js';
import { servePeers } from './peerServer.js';

/** A validator's links: one to each other validator, and those of gateways and readers. */
export interface PeerTransport extends Transport {
  /** Links of gateways and readers, as they are open now. */
  readonly clients: ReadonlySet<PeerLink>;
  /** Messages of gateways and readers, whose links are refused until this was called. */
  onClientMessage(handler: (link: PeerLink, body: PeerMessageBody) => void): void;
  onClientClose(handler: (link: PeerLink) => void): void;
  close(): void;
}

interface PeerTransportOptions {
  readonly server: Server;
  readonly self: number;
  readonly validators: readonly Uint8Array[];
  readonly urls: readonly string[];
  readonly identity: PeerIdentity;
  onRefused(error: PeerLinkError): void;
}

/**
 * Of each pair of validators the one with the higher index dials. A second link of the same
 * validator replaces the first: the older one is dead and does not know it yet.
 */
export function openPeerTransport(options: PeerTransportOptions): PeerTransport {
  const { self, validators, identity } = options;
  const links = new Map<number, PeerLink>();
  const clients = new Set<PeerLink>();
  let onMessage: (from: number, body: PeerMessageBody) => void = () => undefined;
  /**
   * Null until somebody answers clients: what they ask before would be lost, and never repeated.
   */
  let onClientMessage: ((link: PeerLink, body: PeerMessageBody) => void) | null = null;
  let onClientClose: (link: PeerLink) => void = () => undefined;

  const indexOf = (link: PeerLink): number =>
    link.role === 'VALIDATOR' ? validators.findIndex((key) => equalBytes(key, link.publicKey)) : -1;
  const opened = (link: PeerLink): void => {
    const index = indexOf(link);
    if (link.role === 'VALIDATOR' && (index < 0 || index === self)) {
      link.close('not a validator of this epoch');
    } else if (index >= 0) {
      links.get(index)?.close('replaced');
      links.set(index, link);
    } else if (onClientMessage === null) {
      link.close('not serving yet');
    } else {
      clients.add(link);
    }
  };
  const closed = (link: PeerLink): void => {
    const index = indexOf(link);
    if (links.get(index) === link) links.delete(index);
    if (clients.delete(link)) onClientClose(link);
  };
  const received = (link: PeerLink, body: PeerMessageBody): void => {
    const index = indexOf(link);
    if (index >= 0) onMessage(index, body);
    else if (clients.has(link)) onClientMessage?.(link, body);
  };
  const events = {
    onOpen: opened,
    onClose: closed,
    onMessage: received,
    onRefused: options.onRefused,
  };
  const server = servePeers(options.server, identity, events);
  const dialers: PeerDialer[] = [];
  for (let index = 0; index < self; index++) {
    const url = options.urls[index] as string;
    const expectedPublicKey = validators[index] as Uint8Array;
    dialers.push(dialPeer({ url, expectedPublicKey, identity, events }));
  }
  return {
    clients,
    connected: () => [...links.keys()].sort((a, b) => a - b),
    send: (to, body) => links.get(to)?.send(body),
    broadcast(body) {
      const bytes = encode('PeerMessage', { body });
      for (const link of links.values()) link.sendBytes(bytes);
    },
    onMessage: (handler) => {
      onMessage = handler;
    },
    onClientMessage: (handler) => {
      onClientMessage = handler;
    },
    onClientClose: (handler) => {
      onClientClose = handler;
    },
    close() {
      for (const dialer of dialers) dialer.close();
      server.close();
    },
  };
}
