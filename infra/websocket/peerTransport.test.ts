import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { PeerMessageBody, PeerRole } from '../../schemas/types/wire.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import type { PeerIdentity } from './peerHandshake.js';
import { openPeerTransport } from './peerTransport.js';
import { dialValidators } from './validatorLinks.js';

function identity(role: PeerRole, fill: number): PeerIdentity {
  const signer = createNativeSigner(new Uint8Array(32).fill(fill));
  return { chainId: new Uint8Array(32).fill(7), role, signer, verifier: nativeVerifier() };
}

it('loses nothing that a gateway asks of a validator that is still starting', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = identity('VALIDATOR', 1);
  const validators = [own.signer.publicKey];
  const common = { self: 0, validators, urls: [url], onRefused: () => undefined };
  const transport = openPeerTransport({ server, identity: own, ...common });
  let opened = 0;
  const gateway = dialValidators({
    ...{ urls: [url], validators, identity: identity('GATEWAY', 2) },
    onOpen: (validator) => {
      opened++;
      gateway.send(validator, { kind: 'SubscribeResults', fromHeight: 1 });
    },
    onMessage: () => undefined,
    onRefused: () => undefined,
  });
  const until = async (holds: () => boolean) => {
    for (let i = 0; i < 400 && !holds(); i++) await new Promise((wake) => setTimeout(wake, 5));
    expect(holds()).toBe(true);
  };
  await until(() => opened > 0);
  expect(transport.clients.size).toBe(0);
  const asked: PeerMessageBody[] = [];
  transport.onClientMessage((_, body) => asked.push(body));
  await until(() => asked.length > 0);
  expect(asked).toEqual([{ kind: 'SubscribeResults', fromHeight: 1 }]);
  expect(transport.clients.size).toBe(1);
  gateway.close();
  transport.close();
  server.close();
});
