import type { RawData, WebSocket } from 'ws';
import { decode, encode } from '../../schemas/codec/codec.js';
import { MAX_FRAME_BYTES, PEER_LINK_BUFFER_BYTES_MAX } from '../../schemas/limits.js';
import type { PeerMessageBody, PeerRole } from '../../schemas/types/wire.js';
import { PeerLinkError } from './errors.js';
import type { MessageInbox } from './messageInbox.js';

/** An authenticated connection that carries PeerMessages, whole and in order. */
export interface PeerLink {
  readonly role: PeerRole;
  readonly publicKey: Uint8Array;
  send(body: PeerMessageBody): void;
  /** The same bytes for many links: framed PeerMessage. */
  sendBytes(bytes: Uint8Array): void;
  close(reason: string): void;
}

export interface PeerLinkEvents {
  onMessage(link: PeerLink, body: PeerMessageBody): void;
  onClose(link: PeerLink, error: PeerLinkError | null): void;
}

/** Bytes of one message, in whatever pieces `ws` holds it. */
export function messageBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data));
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The body of a framed PeerMessage, or null for anything else. */
export function readPeerMessage(data: RawData): PeerMessageBody | null {
  const decoded = decode('PeerMessage', messageBytes(data), MAX_FRAME_BYTES);
  return decoded.ok ? decoded.value.body : null;
}

/** Takes over a socket whose handshake is done. A peer that reads too slowly is cut off. */
export function openPeerLink(
  socket: WebSocket,
  inbox: MessageInbox,
  peer: { readonly role: PeerRole; readonly publicKey: Uint8Array },
  events: PeerLinkEvents,
): PeerLink {
  let failure: PeerLinkError | null = null;
  const fail = (error: PeerLinkError): void => {
    failure ??= error;
    socket.terminate();
  };
  const sendBytes = (bytes: Uint8Array): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > PEER_LINK_BUFFER_BYTES_MAX) {
      fail(new PeerLinkError('slow', 'the peer does not keep up', true));
      return;
    }
    socket.send(bytes);
  };
  const link: PeerLink = {
    ...peer,
    sendBytes,
    send: (body) => sendBytes(encode('PeerMessage', { body })),
    close: (reason) => socket.close(1000, reason),
  };
  socket.on('error', (error) => fail(new PeerLinkError('connection', error.message, true)));
  socket.on('close', () => events.onClose(link, failure));
  inbox.handOver((data) => {
    const body = readPeerMessage(data);
    if (body === null) fail(new PeerLinkError('malformed', 'not a message of the protocol', true));
    else events.onMessage(link, body);
  });
  return link;
}
