import type { RawData, WebSocket } from 'ws';
import { ByteArena } from '../../schemas/codec/byteArena.js';
import { decodeViews, encode, encodeIn } from '../../schemas/codec/codec.js';
import {
  MAX_FRAME_BYTES,
  PEER_BATCH_BYTES,
  PEER_LINK_BUFFER_BYTES_MAX,
} from '../../schemas/limits.js';
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
  /** Values of the type `bytes` are views of the frame: who keeps one alone copies it. */
  onMessage(link: PeerLink, body: PeerMessageBody): void;
  onClose(link: PeerLink, error: PeerLinkError | null): void;
}

/** Bytes of one message, in whatever pieces `ws` holds it. */
export function messageBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return new Uint8Array(Buffer.concat(data));
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The body of a framed PeerMessage, or null for anything else. Its bytes are views of `data`. */
export function readPeerMessage(data: RawData): PeerMessageBody | null {
  return readBody(messageBytes(data));
}

function readBody(bytes: Uint8Array): PeerMessageBody | null {
  const decoded = decodeViews('PeerMessage', bytes, MAX_FRAME_BYTES);
  return decoded.ok ? decoded.value.body : null;
}

/** The last body and its bytes: the same one goes to several links in a row. */
let lastBody: PeerMessageBody | null = null;
let lastBytes: Uint8Array = new Uint8Array(0);

/** A body never changes. */
function bytesOf(body: PeerMessageBody, arena: ByteArena | null): Uint8Array {
  if (body === lastBody) return lastBytes;
  const message = { body };
  lastBytes =
    arena === null ? encode('PeerMessage', message) : encodeIn(arena, 'PeerMessage', message);
  lastBody = body;
  return lastBytes;
}

/** Many small ones at a time, and nobody waits for a single one: they share frames. */
const GATHERED: ReadonlySet<PeerMessageBody['kind']> = new Set([
  'SubmitEnvelope',
  'EnvelopeVerdict',
]);

/**
 * Sends what was gathered in one turn of the event loop as one frame: a frame costs 10 to 20 us at
 * each end, whatever is in it. Order among all messages of the link is kept.
 */
function gatherer(sendNow: (bytes: Uint8Array) => void) {
  let waiting: Uint8Array[] = [];
  let arena = new ByteArena();
  let waitingBytes = 0;
  let scheduled = false;
  const flush = (): void => {
    const messages = waiting;
    const [only] = messages;
    if (only === undefined) return;
    waiting = [];
    waitingBytes = 0;
    arena = new ByteArena();
    if (messages.length === 1) sendNow(only);
    else sendNow(encode('PeerMessage', { body: { kind: 'MessageBatch', messages } }));
  };
  return {
    flush,
    add(body: PeerMessageBody): void {
      // Verdicts are the smallest and the most: an array of its own costs more than writing one.
      const bytes = bytesOf(body, body.kind === 'EnvelopeVerdict' ? arena : null);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= PEER_BATCH_BYTES) return flush();
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        flush();
      });
    },
  };
}

/** The bodies of a frame, in order; null for anything that is not of the protocol. */
function bodiesOf(data: RawData): readonly PeerMessageBody[] | null {
  const body = readPeerMessage(data);
  if (body === null || body.kind !== 'MessageBatch') return body === null ? null : [body];
  const bodies: PeerMessageBody[] = [];
  for (const bytes of body.messages) {
    const inner = readBody(bytes);
    if (inner === null || inner.kind === 'MessageBatch') return null;
    bodies.push(inner);
  }
  return bodies;
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
  const sendNow = (bytes: Uint8Array): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > PEER_LINK_BUFFER_BYTES_MAX) {
      fail(new PeerLinkError('slow', 'the peer does not keep up', true));
      return;
    }
    socket.send(bytes);
  };
  const gathered = gatherer(sendNow);
  const sendBytes = (bytes: Uint8Array): void => {
    gathered.flush();
    sendNow(bytes);
  };
  const link: PeerLink = {
    ...peer,
    sendBytes,
    send(body) {
      if (GATHERED.has(body.kind)) gathered.add(body);
      else sendBytes(bytesOf(body, null));
    },
    close: (reason) => socket.close(1000, reason),
  };
  socket.on('error', (error) => fail(new PeerLinkError('connection', error.message, true)));
  socket.on('close', () => events.onClose(link, failure));
  inbox.handOver((data) => {
    const bodies = bodiesOf(data);
    if (bodies === null)
      fail(new PeerLinkError('malformed', 'not a message of the protocol', true));
    else for (const body of bodies) events.onMessage(link, body);
  });
  return link;
}
