import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import { servePeers } from './peerServer.js';

const CONNECTIONS = 50;

describe('a refused upgrade', () => {
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => {
    uncaught.push(error);
  };
  afterEach(() => {
    process.off('uncaughtException', onUncaught);
  });

  it('does not end the process when the caller resets the connection at that moment', async () => {
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', onUncaught);
    const server = createServer();
    const peers = servePeers(
      server,
      {
        chainId: new Uint8Array(32),
        role: 'VALIDATOR',
        signer: createNativeSigner(new Uint8Array(32).fill(1)),
        verifier: nativeVerifier(),
      },
      { onOpen() {}, onClose() {}, onMessage() {}, onRefused() {} },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const request =
      'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    for (let i = 0; i < CONNECTIONS; i++) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(request, () => {
            socket.resetAndDestroy();
            resolve();
          });
        });
      });
    }
    await new Promise((wake) => setTimeout(wake, 200));
    peers.close();
    server.close();
    for (const listener of before) process.on('uncaughtException', listener);
    expect(uncaught).toEqual([]);
  });
});
