import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { dealBeaconKeys } from '../../infra/crypto/beaconDealer.js';
import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import { createNativeSigner, nativeVerifier } from '../../infra/crypto/nativeSignatures.js';
import {
  type GatewayNode,
  type GatewayNodeOptions,
  openGatewayNode,
} from '../../infra/gateway/gatewayNode.js';
import { developmentRules } from '../../infra/genesis/developmentNetwork.js';
import { createStatusServer, listen } from '../../infra/http/statusServer.js';
import { freePort } from '../../infra/postgres/freePort.js';
import { createHeightTimesLog } from '../../infra/telemetry/heightTimes.js';
import { createMetrics, type Metrics } from '../../infra/telemetry/metrics.js';
import { openNode } from '../../infra/validator/validatorNode.js';
import { openPeerTransport } from '../../infra/websocket/peerTransport.js';
import { genesisEpoch } from '../../schemas/crypto/epochKeys.js';
import { SNAPSHOT_EVERY_HEIGHTS } from '../../schemas/limits.js';
import type { Genesis } from '../../schemas/types/genesis.js';

/** Four real validators on loopback sockets and files, without a log, and gateways at will. */
export interface LocalCluster {
  readonly genesis: Genesis;
  openGateway(options?: Partial<GatewayNodeOptions>): Promise<GatewayNode & { metrics: Metrics }>;
  /** Cuts gateways off from all validators, or lets them through again. */
  setReach(reaches: boolean): void;
  stop(): Promise<void>;
}

const VALIDATORS = 4;
const HOST = '127.0.0.1';

function makeGenesis(seeds: readonly Uint8Array[]) {
  const dealing = dealBeaconKeys({
    validators: VALIDATORS,
    threshold: 3,
    seed: new Uint8Array(randomBytes(32)),
  });
  const genesis: Genesis = {
    name: 'local cluster',
    createdAtMs: Date.now(),
    validators: seeds.map((seed) => createNativeSigner(seed).publicKey),
    beaconKeys: {
      threshold: 3,
      groupKey: dealing.groupPublicKey,
      shareKeys: dealing.shares.map(({ sharePublicKey }) => sharePublicKey),
    },
    beaconKeySource: 'TRUSTED_DEALER',
    admins: [],
    recoveryKeys: { threshold: 1, keys: [new Uint8Array(32)] },
    ...developmentRules(),
  };
  return { genesis, secrets: dealing.shares.map(({ secretShare }) => secretShare) };
}

/** A way to a port that can be closed: what is on it breaks, and nothing gets on it. */
async function openGate(target: number): Promise<{
  readonly port: number;
  set(open: boolean): void;
  close(): void;
}> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server: Server = createServer((from) => {
    if (!isOpen) return void from.destroy();
    const to = connect(target, HOST);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    set(open) {
      isOpen = open;
      if (!open) breakAll();
    },
    close() {
      server.close();
      breakAll();
    },
  };
}

export async function startLocalCluster(): Promise<LocalCluster> {
  installNativeCrypto();
  const folder = mkdtempSync(join(tmpdir(), 'nullspace-e2e-'));
  const seeds = Array.from({ length: VALIDATORS }, () => new Uint8Array(randomBytes(32)));
  const { genesis, secrets } = makeGenesis(seeds);
  const logger = pino({ level: 'silent' });
  const verifier = nativeVerifier();
  const ports: number[] = [];
  while (ports.length < VALIDATORS) ports.push(await freePort());
  const urls = ports.map((port) => `ws://${HOST}:${port}`);
  const { chainId } = genesisEpoch(genesis, 0);
  const stops: (() => Promise<void>)[] = [];
  const open = async (self: number): Promise<void> => {
    const metrics = createMetrics('validator');
    const signer = createNativeSigner(seeds[self] as Uint8Array);
    const status = { role: 'validator', name: `validator-${self}`, ready: true, height: 0 };
    const server = createStatusServer(metrics, () => status);
    const transport = openPeerTransport({
      ...{ server: server.server, self, validators: genesis.validators, urls },
      identity: { chainId, role: 'VALIDATOR', signer, verifier },
      onRefused: () => undefined,
    });
    await listen(server, HOST, ports[self] as number);
    const node = await openNode({
      ...{ genesis, keys: genesisEpoch(genesis, 0), self, signer, transport, metrics, logger },
      ...{ log: null, verifyWorkers: 0 },
      heightTimes: createHeightTimesLog(),
      beaconSecret: secrets[self] as Uint8Array,
      dataDir: join(folder, `validator-${self}`),
      ...{ snapshotEveryHeights: SNAPSHOT_EVERY_HEIGHTS, archive: null, firstStart: true },
      onSigning: () => undefined,
      onFailed: () => undefined,
    });
    stops.push(async () => {
      await node.stop();
      transport.close();
      await server.close();
    });
  };
  await Promise.all([0, 1, 2, 3].map(open));
  const gates = await Promise.all(ports.map(openGate));
  return {
    genesis,
    async openGateway(options = {}) {
      const metrics = createMetrics('gateway');
      const node = await openGatewayNode({
        ...{ name: 'gateway', genesis, keys: genesisEpoch(genesis, 0), verifier, logger },
        ...{ host: HOST, port: await freePort() },
        peers: gates.map(({ port }) => `ws://${HOST}:${port}`),
        metrics,
        ...options,
      });
      return { ...node, metrics };
    },
    setReach(reaches) {
      for (const gate of gates) gate.set(reaches);
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
      for (const gate of gates) gate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
