import { WebSocket } from 'ws';
import { MAX_FRAME_BYTES, PEER_REDIAL_MS_MAX, PEER_REDIAL_MS_MIN } from '../../schemas/limits.js';
import { PeerLinkError } from './errors.js';
import { openMessageInbox } from './messageInbox.js';
import { introduceSelf, type PeerIdentity } from './peerHandshake.js';
import { openPeerLink, type PeerLink, type PeerLinkEvents } from './peerLink.js';
import { PEER_PATH } from './peerServer.js';

export interface PeerDialer {
  /** The open link, while there is one. */
  link(): PeerLink | null;
  close(): void;
}

interface PeerDialerOptions {
  /** `ws://host:port` or `wss://…`; the path is added. */
  readonly url: string;
  readonly expectedPublicKey: Uint8Array;
  readonly identity: PeerIdentity;
  readonly events: PeerLinkEvents & {
    onOpen(link: PeerLink): void;
    onRefused(error: PeerLinkError): void;
  };
}

/** Keeps a link to one validator: dials again, with growing pauses, whenever it is gone. */
export function dialPeer(options: PeerDialerOptions): PeerDialer {
  const { url, expectedPublicKey, identity, events } = options;
  let current: PeerLink | null = null;
  let socket: WebSocket | null = null;
  let closed = false;
  let pauseMs = PEER_REDIAL_MS_MIN;
  let timer: NodeJS.Timeout | null = null;

  const again = (): void => {
    if (closed) return;
    timer = setTimeout(dial, pauseMs);
    pauseMs = Math.min(pauseMs * 2, PEER_REDIAL_MS_MAX);
  };
  const dial = (): void => {
    const dialled = new WebSocket(url + PEER_PATH, {
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      handshakeTimeout: PEER_REDIAL_MS_MAX,
    });
    socket = dialled;
    const inbox = openMessageInbox(dialled);
    const onError = (error: Error): void => {
      events.onRefused(new PeerLinkError('connection', `${url}: ${error.message}`, true));
    };
    dialled.on('error', onError);
    let opened = false;
    dialled.on('close', () => {
      if (!opened) again();
    });
    introduceSelf(dialled, inbox, identity, expectedPublicKey).then(
      () => {
        opened = true;
        pauseMs = PEER_REDIAL_MS_MIN;
        dialled.off('error', onError);
        current = openPeerLink(
          dialled,
          inbox,
          { role: 'VALIDATOR', publicKey: expectedPublicKey },
          {
            onMessage: events.onMessage,
            onClose: (link, error) => {
              current = null;
              events.onClose(link, error);
              again();
            },
          },
        );
        events.onOpen(current);
      },
      (error: unknown) => {
        dialled.terminate();
        if (!(error instanceof PeerLinkError)) throw error;
        if (error.code !== 'connection') events.onRefused(error);
      },
    );
  };
  dial();
  return {
    link: () => current,
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      socket?.terminate();
    },
  };
}
