import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { encode } from '../../schemas/codec/codec.js';
import type { PeerMessageBody, PeerRole } from '../../schemas/types/wire.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import type { PeerLinkError } from './errors.js';
import { dialPeer, type PeerDialer } from './peerDialer.js';
import type { PeerIdentity } from './peerHandshake.js';
import type { PeerLink } from './peerLink.js';
import { PEER_PATH, type PeerServer, servePeers } from './peerServer.js';

const chainId = new Uint8Array(32).fill(7);
const verifier = nativeVerifier();

function identity(role: PeerRole, fill: number, chain = chainId): PeerIdentity {
  const signer = createNativeSigner(new Uint8Array(32).fill(fill));
  return { chainId: chain, role, signer, verifier };
}

const request: PeerMessageBody = { kind: 'HeightRequest', height: 5 };

describe('peer links', () => {
  const open: (PeerDialer | PeerServer | Server)[] = [];
  afterEach(() => {
    for (const closable of open.splice(0)) closable.close();
  });

  async function listener(onMessage: (link: PeerLink, body: PeerMessageBody) => void) {
    const server = createServer();
    const refusals: PeerLinkError[] = [];
    const links: PeerLink[] = [];
    const peers = servePeers(server, identity('VALIDATOR', 1), {
      onMessage,
      onOpen: (link) => links.push(link),
      onClose: () => {},
      onRefused: (error) => refusals.push(error),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(peers, server);
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, refusals, links };
  }

  function dial(url: string, self: PeerIdentity, expectedFill: number) {
    const received: PeerMessageBody[] = [];
    const refusals: PeerLinkError[] = [];
    let opened: (link: PeerLink) => void = () => {};
    const whenOpen = new Promise<PeerLink>((resolve) => {
      opened = resolve;
    });
    const dialer = dialPeer({
      url,
      expectedPublicKey: identity('VALIDATOR', expectedFill).signer.publicKey,
      identity: self,
      events: {
        onMessage: (_, body) => received.push(body),
        onOpen: opened,
        onClose: () => {},
        onRefused: (error) => refusals.push(error),
      },
    });
    open.push(dialer);
    return { dialer, received, refusals, whenOpen };
  }

  const until = async (holds: () => boolean) => {
    for (let i = 0; i < 400 && !holds(); i++) await new Promise((wake) => setTimeout(wake, 5));
    expect(holds()).toBe(true);
  };

  it('proves both sides and carries messages both ways, in order, from the first on', async () => {
    const received: PeerMessageBody[] = [];
    const { url, links } = await listener((link, body) => {
      received.push(body);
      for (let height = 1; height <= 3; height++) link.send({ kind: 'HeightRequest', height });
    });
    const self = identity('GATEWAY', 2);
    const dialled = dial(url, self, 1);
    (await dialled.whenOpen).send(request);
    await until(() => dialled.received.length === 3);
    expect(received).toEqual([request]);
    expect(links[0]?.role).toBe('GATEWAY');
    expect(links[0]?.publicKey).toEqual(self.signer.publicKey);
    expect(dialled.received.map((body) => 'height' in body && body.height)).toEqual([1, 2, 3]);
  });

  it('sends many small messages in shared frames, in order among all others', async () => {
    const received: PeerMessageBody[] = [];
    const { url } = await listener((_, body) => received.push(body));
    const dialled = dial(url, identity('GATEWAY', 2), 1);
    const link = await dialled.whenOpen;
    const sent: PeerMessageBody[] = Array.from({ length: 300 }, (_, index) =>
      index % 100 === 50
        ? { kind: 'HeightRequest', height: index }
        : { kind: 'SubmitEnvelope', envelope: new Uint8Array(1_000).fill(index), handedTo: 1 },
    );
    for (const body of sent) link.send(body);
    await until(() => received.length === sent.length);
    expect(received).toEqual(sent);
  });

  it('cuts off a peer that puts a batch into a batch', async () => {
    const received: PeerMessageBody[] = [];
    const { url, links } = await listener((_, body) => received.push(body));
    const dialled = dial(url, identity('VALIDATOR', 2), 1);
    const link = await dialled.whenOpen;
    await until(() => links.length === 1);
    const inner = encode('PeerMessage', { body: { kind: 'MessageBatch', messages: [] } });
    link.send({ kind: 'MessageBatch', messages: [inner] });
    await until(() => links.length === 2);
    expect(received).toEqual([]);
  });

  it('refuses a listener of another chain, or with another key', async () => {
    const { url } = await listener(() => {});
    const elsewhere = dial(url, identity('VALIDATOR', 2, new Uint8Array(32)), 1);
    await until(() => elsewhere.refusals.length > 0);
    expect(elsewhere.refusals[0]?.code).toBe('wrong-chain');
    const impostor = dial(url, identity('VALIDATOR', 2), 9);
    await until(() => impostor.refusals.length > 0);
    expect(impostor.refusals[0]?.code).toBe('not-authenticated');
  });

  it('refuses a caller that sends anything but its proof', async () => {
    const { url, refusals } = await listener(() => {});
    const socket = new WebSocket(url + PEER_PATH);
    socket.on('open', () => socket.send('hello?'));
    socket.on('error', () => socket.terminate());
    await until(() => refusals.length > 0);
    expect(refusals[0]?.code).toBe('malformed');
  });

  it('dials again when the link breaks', async () => {
    const { url, links } = await listener(() => {});
    const dialled = dial(url, identity('VALIDATOR', 2), 1);
    await dialled.whenOpen;
    await until(() => links.length === 1);
    links[0]?.close('test');
    await until(() => links.length === 2);
    await until(() => dialled.dialer.link() !== null);
  });
});
