import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { ValidatorStatus } from '../../consensus/validator/options.js';
import { readKeyFile } from '../../infra/crypto/keyFile.js';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import { openFileBlockStore } from '../../infra/files/fileBlockStore.js';
import {
  type DevelopmentNetwork,
  developmentNetwork,
} from '../../infra/genesis/developmentNetwork.js';
import { openPeerTransport } from '../../infra/websocket/peerTransport.js';
import { proposalMessage } from '../../schemas/crypto/digests.js';
import { genesisEpoch, genesisTip } from '../../schemas/crypto/epochKeys.js';
import { present } from '../../schemas/kernel/assert.js';
import type { CertifiedBlock } from '../../schemas/types/block.js';
import type { PeerMessageBody } from '../../schemas/types/wire.js';
import { certifyNext } from '../simulation/engineChain.js';
import { networkQuorum } from '../simulation/networkQuorum.js';
import { blockOf, newWorld } from '../vectors/engine/engineWorld.js';
import { eventually, freePorts, type Running, startProgram } from './nullspaceProgram.js';

const base = mkdtempSync(join(tmpdir(), 'nullspace-halted-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Health {
  readonly ready: boolean;
  readonly consensus?: ValidatorStatus;
}

/** `validator-0` of a network, as a process of its own that does not publish. */
function startValidator(network: DevelopmentNetwork, dataDir: string, port: number): Running {
  const peers = network.keyPaths.map((_, index) => `ws://127.0.0.1:${port + index}`).join(',');
  const files = ['--genesis', network.genesisPath, '--key', network.keyPaths[0] ?? ''];
  const links = ['--port', String(port), '--peers', peers, '--no-publish'];
  return startProgram(['validator', ...files, ...links, '--data-dir', dataDir]);
}

async function ask(port: number, path: string): Promise<{ status: number; body: Health } | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: (await response.json()) as Health };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null; // not listening yet
  }
}

/** Bytes of all files of the vote journal. */
function voteBytes(dataDir: string): number {
  const folder = join(dataDir, 'votes');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** It stays, not ready, says why, signs nothing any more, and still stops when it is told to. */
async function expectHalted(
  running: Running,
  port: number,
  halt: object,
  temptation: () => void = () => {},
): Promise<void> {
  await eventually(async () => {
    const health = await ask(port, '/healthz');
    return (health?.body.consensus?.halt ?? null) !== null;
  }, 'the validator says why it halted');
  const votes = voteBytes(dataDirOf(running));
  temptation();
  expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
  expect(await ask(port, '/readyz')).toMatchObject({ status: 503 });
  const { kind } = halt as { readonly kind: string };
  expect(await ask(port, '/healthz')).toMatchObject({
    status: 503,
    body: { ready: false, consensus: { state: kind, halt, signing: false } },
  });
  expect(running.child.exitCode).toBeNull();
  running.child.kill('SIGTERM');
  const { code } = await running.finished;
  expect(code).toBe(0);
  expect(voteBytes(dataDirOf(running))).toBe(votes);
}

function dataDirOf({ child }: Running): string {
  return child.spawnargs[child.spawnargs.indexOf('--data-dir') + 1] ?? '';
}

it('stays up when it diverged, and says where', async () => {
  const network = developmentNetwork(join(base, 'diverged'), 1, Date.now());
  const quorum = await networkQuorum(network);
  const world = newWorld(network.genesis);
  const blocks: CertifiedBlock[] = [];
  let tip = genesisTip(network.genesis, 0);
  for (let height = 1; height <= 3; height++) {
    const next = certifyNext(world, tip, blockOf(world, []), quorum);
    blocks.push(next.certified);
    tip = next.tip;
  }
  // What others certified at height 3 is not what executing the block gives.
  const { certificate, ...rest } = present(blocks.pop(), 'height 3');
  const result = { ...certificate.result, stateRoot: new Uint8Array(32) };
  const dataDir = join(base, 'diverged', 'validator-0');
  const store = await openFileBlockStore(join(dataDir, 'blocks'));
  await store.appendCertified([...blocks, { ...rest, certificate: { ...certificate, result } }]);
  await store.close();
  const port = await freePorts(1);
  await expectHalted(startValidator(network, dataDir, port), port, {
    kind: 'diverged',
    height: 3,
    reason: 'replay gives another result than the certified one',
  });
}, 120_000);

it('stays up when two certificates exclude each other, and takes part no more', async () => {
  const network = developmentNetwork(join(base, 'unsafe'), 4, Date.now());
  const { genesis, keyPaths } = network;
  const { chainId, epoch } = genesisEpoch(genesis, 0);
  const signers = keyPaths.map((path) => createNativeSigner(readKeyFile(path).seed));
  const notarization = (view: number, fill: number): PeerMessageBody => {
    const payload = new Uint8Array(32).fill(fill);
    const proposal = { epoch, view, parentView: 0, payload };
    const message = proposalMessage('notarize', chainId, 0, proposal);
    const signatures = signers.slice(1).map((signer, index) => ({
      signer: index + 1,
      signature: signer.sign(message),
    }));
    return { kind: 'Notarization', proposal, signatures };
  };
  const port = await freePorts(4);
  const dataDir = join(base, 'unsafe', 'validator-0');
  const running = startValidator(network, dataDir, port);
  const server = createServer();
  const peer = openPeerTransport({
    ...{ server, self: 1, validators: genesis.validators },
    urls: keyPaths.map((_, index) => `ws://127.0.0.1:${port + index}`),
    identity: { chainId, role: 'VALIDATOR', signer: signers[1]!, verifier: nativeVerifier() },
    onRefused: () => undefined,
  });
  try {
    await eventually(async () => {
      const state = (await ask(port, '/healthz'))?.body.consensus?.state;
      return state === 'running' && peer.connected().includes(0);
    }, 'a link to the validator, and the validator running');
    // Nobody has told it how far the others are.
    expect(await ask(port, '/readyz')).toMatchObject({ status: 503 });
    for (const fill of [1, 2]) peer.send(0, notarization(5, fill));
    const halt = { kind: 'unsafe', height: 0, reason: expect.stringContaining('view 5') };
    await expectHalted(running, port, halt, () => peer.send(0, notarization(9, 3)));
  } finally {
    running.child.kill('SIGKILL');
    peer.close();
    server.close();
  }
}, 120_000);
